/** `npm run check`: format, lint, types, import directions, dead code. All of them run, whatever fails. */
import { runChecks } from './lib/checks.mjs';
import { hasPrivateNode, SetupError } from './lib/project.mjs';
import { main } from './lib/run.mjs';

await main(async () => {
  if (!hasPrivateNode()) throw new SetupError('The set-up is not done: run "npm run setup" first.');
  const { passed, failed } = await runChecks();
  process.stdout.write(`${passed} passed, ${failed} failed\n`);
  return failed === 0 ? 0 : 1;
});
