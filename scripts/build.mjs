/**
 * Builds what Electron and browsers run: `npm run build [-- renderer main preload worker]`, all four by default.
 * In a checkout the worker runs from its TypeScript; dist/worker is for packaging. Runs under the private Node.
 */
import {
  hasPrivateNode,
  needPagesCanBeBuilt,
  rerunOnPrivateNode,
  root,
  runsOnPrivateNode,
  SetupError,
} from './lib/project.mjs';
import { main, run } from './lib/run.mjs';

const parts = {
  renderer: { configFile: 'vite.renderer.config.ts', mode: 'production' },
  main: { configFile: 'vite.main.config.ts', mode: 'main' },
  preload: { configFile: 'vite.main.config.ts', mode: 'preload' },
  worker: { configFile: 'vite.worker.config.ts', mode: 'production' },
};

await main(async () => {
  if (!hasPrivateNode()) throw new SetupError('The set-up is not done: run "npm run setup" first.');
  const chosen = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(parts);
  const unknown = chosen.find((name) => !(name in parts));
  if (unknown !== undefined)
    throw new SetupError(`There is no part "${unknown}"; there are ${Object.keys(parts).join(', ')}.`);
  needPagesCanBeBuilt();
  if (!runsOnPrivateNode()) return rerunOnPrivateNode(run);
  delete process.env.EDM2_RERUN; // what we start may do the same
  process.chdir(root);
  process.env.NODE_ENV = 'production';
  const { build } = await import('vite');
  for (const name of chosen) await build({ ...parts[name], logLevel: 'warn' });
  return 0;
});
