import type { Progress } from '../../../contract/jobs.ts';
import { median } from '../../../contract/median.ts';
import type { Profile, ProfiledWork } from '../../../contract/profile.ts';
import type { TracedRun } from '../../engine/session/graph-session.ts';
import { readTrace } from '../../engine/trace/traced-ops.ts';
import { summariseOps } from '../../programs/profile/summary.ts';
import { traceFile } from '../../programs/profile/trace-file.ts';

/** What is told before the first step. */
export const preparing: Progress = { done: 0, total: 0, unit: '', text: 'Preparing the step' };

/** Steps before any is timed: TensorFlow plans in the first, and makes kernels in the second. */
const WARM_UPS = 2;

/** Steps whose median is the time without a trace. */
const UNTRACED = 3;

/** A step that can be taken again and again, traced or not. */
export interface MeasuredStep {
  readonly work: ProfiledWork;
  /** Pictures that go through the network. */
  readonly images: number;
  /** Parts of them that are computed side by side. */
  readonly sides: number;
  readonly take: () => Promise<void>;
  readonly trace: (work: () => Promise<void>) => Promise<readonly TracedRun[]>;
}

/** A step with its trace, and what is to be said of where. */
export interface MeasuredProfile {
  readonly profile: Profile;
  /** What Perfetto opens, JSON. */
  readonly trace: string;
}

/** Takes a step some times, and once more with a trace. @param device in words */
export async function measureStep(
  step: MeasuredStep,
  device: string,
  onProgress: (progress: Progress) => void,
): Promise<MeasuredProfile> {
  const tell = (done: number, text: string): void =>
    onProgress({ done, total: WARM_UPS + UNTRACED + 1, unit: 'steps', text });
  const times: number[] = [];
  for (let taken = 0; taken < WARM_UPS + UNTRACED; taken += 1) {
    tell(taken, taken < WARM_UPS ? 'Planning the step' : 'Timing the step');
    times.push(await timed(step.take));
  }
  tell(WARM_UPS + UNTRACED, 'Tracing the step');
  return await traceStep(step, median(times.slice(WARM_UPS)), device);
}

/** Takes a step with a trace. @param untraced milliseconds of such a step without one */
export async function traceStep(step: MeasuredStep, untraced: number, device: string): Promise<MeasuredProfile> {
  let milliseconds = 0;
  const runs = await step.trace(async () => {
    milliseconds = await timed(step.take);
  });
  const parts = runs.map(({ entry, metadata }) => ({ entry, ...readTrace(metadata) }));
  const tensors = parts.flatMap(({ peakBytes }) => peakBytes ?? []);
  const { work, images, sides } = step;
  return {
    profile: {
      ...{ work, images, sides, device, milliseconds, untracedMilliseconds: untraced },
      ...summariseOps(parts.flatMap(({ ops }) => ops)),
      peakBytes: tensors.length > 0 ? Math.max(...tensors) : process.resourceUsage().maxRSS * 1024,
      peakOf: tensors.length > 0 ? 'tensors' : 'process',
    },
    trace: traceFile(parts),
  };
}

/** Milliseconds by the clock. */
async function timed(work: () => Promise<void>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}
