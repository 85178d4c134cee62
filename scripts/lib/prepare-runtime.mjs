/** Fetches the TensorFlow runtime that suits this machine and compiles the binding. Runs under the private Node. */
import { AppError } from '../../contract/errors.ts';
import { chosenRuntime } from '../../native-worker/engine/runtime/choice.ts';
import { installRuntime } from '../../native-worker/engine/runtime/install.ts';
import { runtimeIsReady } from '../../native-worker/engine/runtime/status.ts';
import { progressBar } from './progress-bar.mjs';

const stop = new AbortController();
process.once('SIGINT', () => stop.abort());
process.once('SIGTERM', () => stop.abort());

const bar = progressBar();
try {
  const { runtime, reason } = await chosenRuntime();
  if (!(await runtimeIsReady(runtime)))
    process.stderr.write(`Preparing TensorFlow (runtime "${runtime}"; ${reason}) …\n`);
  await installRuntime({ name: runtime, onProgress: bar.draw, signal: stop.signal });
  bar.end();
} catch (error) {
  bar.end();
  if (!(error instanceof AppError)) throw error;
  const cancelled = error.code === 'cancelled'; // by Ctrl+C: who asked for it needs no message
  if (!cancelled) process.stderr.write(`${error.message}\n`);
  process.exitCode = cancelled ? 130 : 1;
}
