#!/usr/bin/env node
/** The command line: `edm2 …`. Sets up what is missing, then runs native-worker/cli under the project's own Node. */
import { join } from 'node:path';
import { commandWord } from './lib/command-word.mjs';
import { privateNode, root } from './lib/project.mjs';
import { main, run } from './lib/run.mjs';
import { prepareBuild, preparePackages, setUpCommands, setUpIsFresh } from './lib/steps.mjs';
import { standWhereTheUserDoes } from './lib/user-folder.mjs';

await main(async () => {
  standWhereTheUserDoes();
  const args = process.argv.slice(2);
  const command = commandWord(args);
  // The doctor examines a set-up that may have failed, so it asks for no more than the packages.
  if (command === 'doctor') await preparePackages();
  else if (!setUpIsFresh()) {
    process.stderr.write('Setting EDM2 Studio up first.\n');
    await setUpCommands();
  }
  if (command === 'serve') await prepareBuild();
  return run(privateNode(), [join(root, 'native-worker', 'cli', 'main.ts'), ...args]);
});
