/** `npm run setup`: everything from a fresh clone to a program that starts, and nothing that is done already. */
import { main } from './lib/run.mjs';
import { setUp } from './lib/steps.mjs';
import { standWhereTheUserDoes } from './lib/user-folder.mjs';

await main(async () => {
  standWhereTheUserDoes();
  await setUp();
  process.stderr.write('EDM2 Studio is set up: start it with "npm start".\n');
});
