/**
 * The process that measures where the time of a step goes: `node main.ts` with a `ProfileSubject` as the first line of the
 * standard input. It answers with a `ProfileAnswer` a line and leaves, at the latest when the input ends. The environment is
 * that of a job (`jobEnvironment`).
 */
import type { Progress } from '../../../contract/jobs.ts';
import { ProfileAnswer, ProfileSubject } from '../../../contract/profile-process.ts';
import { AppError } from '../../../contract/errors.ts';
import { deviceOutOfMemory } from '../../../contract/job-failures.ts';
import { answerAndLeave, answerLine, failureOf } from '../answering.ts';
import { isOutOfMemory } from '../failure.ts';
import { requestLines } from '../request-lines.ts';

const answer = (message: ProfileAnswer): Promise<void> => answerLine(message);

async function main(): Promise<void> {
  const lines = requestLines();
  const subject = ProfileSubject.parse(JSON.parse((await lines.next()).value ?? 'null'));
  const { describeDevice } = await import('../../engine/device.ts');
  const { backend } = await import('../../engine/binding.ts');
  const { openStep } = await import('./subject.ts');
  const { measureStep, preparing } = await import('./measure.ts');
  const { words } = await describeDevice();
  const onProgress = (progress: Progress): void => void answer({ type: 'progress', progress });
  onProgress(preparing);
  const step = await openStep(subject);
  const measured = await measureStep(step, words, onProgress);
  await answer({ type: 'done', ...measured, tensorflow: backend().binding.TF_Version });
}

await answerAndLeave(main, (error) => {
  const outOfMemory = !(error instanceof AppError) && isOutOfMemory(error);
  const failure = outOfMemory ? deviceOutOfMemory({ kind: 'bench' }) : failureOf(error, 'Measuring');
  return answer({ type: 'failed', ...failure });
});
