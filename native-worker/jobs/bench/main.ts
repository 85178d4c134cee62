/**
 * A process that measures speed: `node main.ts` with a `SubjectAcross` as the first line of the standard input and a
 * `BenchTask` on each that follows. It answers with a `BenchAnswer` a line and leaves when the input ends. The
 * environment is that of a job (`jobEnvironment`).
 */
import { BenchTask, SubjectAcross, type BenchAnswer } from '../../../contract/bench.ts';
import { AppError } from '../../../contract/errors.ts';
import { deviceOutOfMemory } from '../../../contract/job-failures.ts';
import { answerAndLeave, answerLine, failureOf } from '../answering.ts';
import { isOutOfMemory } from '../failure.ts';
import { requestLines } from '../request-lines.ts';
import type { RunTask } from './tasks.ts';

const answer = (message: BenchAnswer): Promise<void> => answerLine(message);

async function main(): Promise<void> {
  const lines = requestLines();
  const subject = SubjectAcross.parse(JSON.parse((await lines.next()).value ?? 'null'));
  const { prepareTask } = await import('./tasks.ts');
  const { describeDevice } = await import('../../engine/device.ts');
  const { backend } = await import('../../engine/binding.ts');
  const { words } = await describeDevice(process.env, subject.devices?.length);
  await answer({ type: 'ready', device: words, tensorflow: backend().binding.TF_Version });
  const prepared = new Map<BenchTask, RunTask>();
  for (let line = await lines.next(); line.done !== true; line = await lines.next()) {
    const task = BenchTask.parse(line.value);
    const run = prepared.get(task) ?? (await prepareTask(task, subject));
    prepared.set(task, run);
    const start = performance.now();
    await run();
    const seconds = (performance.now() - start) / 1000;
    await answer({ type: 'done', task, seconds, peakBytes: process.resourceUsage().maxRSS * 1024 });
  }
}

await answerAndLeave(main, (error) => {
  const outOfMemory = !(error instanceof AppError) && isOutOfMemory(error);
  const failure = outOfMemory ? deviceOutOfMemory({ kind: 'bench' }) : failureOf(error, 'Measuring');
  return answer({ type: 'failed', ...failure });
});
