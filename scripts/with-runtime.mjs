/**
 * Runs a file under the project's own Node with TensorFlow on the library path:
 *
 *     node scripts/with-runtime.mjs FILE [ARGUMENTS]
 *
 * EDM2_RUNTIME chooses the runtime (cpu, cuda12), EDM2_THREADS the number of threads.
 */
import { hasPrivateNode, rerunOnPrivateNode, runsOnPrivateNode, SetupError } from './lib/project.mjs';
import { main, run } from './lib/run.mjs';

await main(async () => {
  const args = process.argv.slice(2);
  if (args.length === 0) throw new SetupError('Name a file to run: node scripts/with-runtime.mjs FILE [ARGUMENTS]');
  if (!hasPrivateNode()) throw new SetupError('The set-up is not done: run "npm run setup" first.');
  // What follows needs TypeScript, which the private Node runs as it is.
  if (!runsOnPrivateNode()) return rerunOnPrivateNode(run);
  delete process.env.EDM2_RERUN; // what we start may do the same
  const { chosenDevice } = await import('../native-worker/engine/runtime/choice.ts');
  const { jobEnvironment } = await import('../native-worker/engine/runtime/environment.ts');
  const { runtimeIsReady } = await import('../native-worker/engine/runtime/status.ts');
  const { runtime, gpu } = await chosenDevice();
  if (!(await runtimeIsReady(runtime)))
    throw new SetupError(`TensorFlow's runtime "${runtime}" is not installed: run "npm run setup" first.`);
  const threads = process.env.EDM2_THREADS === undefined ? null : Number(process.env.EDM2_THREADS);
  return run(process.execPath, args, { env: { ...process.env, ...jobEnvironment({ runtime, gpu, threads }) } });
});
