/**
 * The process that computes the 2D toy: `node main.ts` with a `ToyRequest` as the first line of the standard input. It
 * answers with a `ToyMessage` a line and leaves, at the latest when the input ends. The environment is that of a job
 * (`jobEnvironment`).
 */
import { AppError } from '../../../contract/errors.ts';
import { ToyRequest, type ToyMessage } from '../../../contract/toy.ts';
import { answerAndLeave } from '../answering.ts';
import { requestLines } from '../request-lines.ts';

function tell(message: ToyMessage): Promise<void> {
  return new Promise((resolve) => {
    process.stdout.write(`${JSON.stringify(message)}\n`, () => resolve());
  });
}

async function main(): Promise<void> {
  const lines = requestLines();
  const request = ToyRequest.parse(JSON.parse((await lines.next()).value ?? 'null'));
  const { runToy } = await import('./toy.ts');
  const { result, png } = await runToy(request, (share, words) => void tell({ type: 'progress', share, words }));
  await tell({ type: 'done', result, png: png.toString('base64') });
}

await answerAndLeave(main, (error) => tell({ type: 'failed', ...failureOf(error) }));

function failureOf(error: unknown): Pick<AppError, 'code' | 'message'> {
  if (error instanceof AppError) return { code: error.code, message: error.message };
  const message = error instanceof Error ? error.message : String(error);
  return { code: 'internal', message: `The toy failed unexpectedly. ${message}` };
}
