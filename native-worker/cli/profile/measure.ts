import { AppError } from '../../../contract/errors.ts';
import { ProfileAnswer, type ProfileSubject } from '../../../contract/profile-process.ts';
import { chosenDevice } from '../../engine/runtime/choice.ts';
import { jobEnvironment } from '../../engine/runtime/environment.ts';
import { checkPrecision, readPrecisionSupport } from '../../engine/runtime/precision-support.ts';
import { needRuntime } from '../../engine/runtime/status.ts';
import { profileScript } from '../../service/program-files.ts';
import { LineProcess } from '../../system/line-process.ts';

/**
 * Measures a step in a process of its own, which runs the code of jobs (`jobs/profile/main.ts`).
 *
 * @param threads of TensorFlow's kernels; null: one per physical core
 * @throws {AppError} 'runtime' if TensorFlow is missing or does not start, 'invalid-input' for a precision that the device
 *   does not have, 'out-of-memory'
 */
export async function measureProfile(
  subject: ProfileSubject,
  threads: number | null,
  onProgress: (share: number, words: string) => void,
): Promise<Extract<ProfileAnswer, { type: 'done' }>> {
  const { runtime, gpu } = await chosenDevice();
  await needRuntime(runtime);
  const { precision } = subject.config.training;
  checkPrecision(precision, await readPrecisionSupport(runtime));
  const child = new LineProcess(
    process.execPath,
    [profileScript()],
    jobEnvironment({ runtime, gpu, threads, precision }),
  );
  try {
    child.write(JSON.stringify(subject));
    for (;;) {
      const answer = ProfileAnswer.parse(JSON.parse(await nextLine(child)));
      if (answer.type === 'failed') throw new AppError(answer.code, answer.message);
      if (answer.type === 'done') return answer;
      const { done, total, text } = answer.progress;
      onProgress(total > 0 ? done / total : 0, text);
    }
  } finally {
    await child.close();
  }
}

async function nextLine(child: LineProcess): Promise<string> {
  try {
    return await child.read();
  } catch (cause) {
    throw new AppError('runtime', `The process that measures ended unexpectedly. ${child.errors}`, { cause });
  }
}
