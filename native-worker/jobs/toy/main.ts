/**
 * The process that computes the 2D toy: `node main.ts` with a `ToyRequest` as the first line of the standard input. It
 * answers with a `ToyMessage` a line and leaves, at the latest when the input ends. The environment is that of a job
 * (`jobEnvironment`).
 */
import { ToyRequest, type ToyMessage } from '../../../contract/toy.ts';
import { answerAndLeave, answerLine, failureOf } from '../answering.ts';
import { requestLines } from '../request-lines.ts';

const tell = (message: ToyMessage): Promise<void> => answerLine(message);

async function main(): Promise<void> {
  const lines = requestLines();
  const request = ToyRequest.parse(JSON.parse((await lines.next()).value ?? 'null'));
  const { runToy } = await import('./toy.ts');
  const { result, png } = await runToy(request, (share, words) => void tell({ type: 'progress', share, words }));
  await tell({ type: 'done', result, png: png.toString('base64') });
}

await answerAndLeave(main, (error) => tell({ type: 'failed', ...failureOf(error, 'The toy') }));
