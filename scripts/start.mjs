/**
 * `npm start`: sets up what is missing and opens the window; where there can't be one, says so in one line and serves
 * the same pages to a browser. `npm run serve` (`--serve`) does the latter on purpose. Other arguments go on to
 * Electron or to `edm2 serve` (--port, --host, --library).
 */
import { join } from 'node:path';
import { findElectron, lacksDisplay, sandboxArguments } from './lib/electron.mjs';
import { privateNode, root } from './lib/project.mjs';
import { main, run } from './lib/run.mjs';
import { setUp } from './lib/steps.mjs';
import { standWhereTheUserDoes } from './lib/user-folder.mjs';

/** An Electron that ends with an error so soon did not open a window: a library or the sandbox is missing. */
const STILLBORN_MS = 8000;

await main(async () => {
  standWhereTheUserDoes();
  const args = process.argv.slice(2);
  const serve = args.includes('--serve');
  const rest = args.filter((argument) => argument !== '--serve');
  await setUp();
  if (serve) return serveToBrowser(rest);

  const noDisplay = lacksDisplay();
  if (noDisplay !== null) return serveToBrowser(rest, noDisplay);
  const electron = findElectron();
  if ('lack' in electron) return serveToBrowser(rest, electron.lack);
  const started = performance.now();
  const status = await run(electron.executable, [...sandboxArguments(), root, ...rest]);
  const interrupted = status === 130 || status === 143;
  if (status !== 0 && !interrupted && performance.now() - started < STILLBORN_MS) {
    return serveToBrowser(rest, `Electron does not start (exit status ${status}, see above)`);
  }
  return status;
});

/** @param {string} [why] why there is no window, as half a sentence */
function serveToBrowser(args, why) {
  if (why !== undefined)
    process.stderr.write(`No window, because ${why}: serving to a browser on this machine instead.\n`);
  return run(privateNode(), [join(root, 'native-worker', 'cli', 'main.ts'), 'serve', ...args]);
}
