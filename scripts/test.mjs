/**
 * `npm test`: sets up what is missing, then the checks and every test. `npm test -- check unit` runs some parts only.
 * What a test lacks here (Xvfb, Chromium, Electron) is skipped with a word; under REQUIRE_ALL=1 a skipped test fails.
 * The last line is the tally: "N passed, N failed", with ", N skipped" where some were.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runChecks } from './lib/checks.mjs';
import { privateNode, root, SetupError } from './lib/project.mjs';
import { main, run } from './lib/run.mjs';
import { setUp } from './lib/steps.mjs';

/** Vitest's projects, quick ones first. */
const projects = ['unit', 'renderer', 'tensor', 'e2e', 'package'];
const parts = ['check', ...projects];

await main(async () => {
  const chosen = process.argv.length > 2 ? process.argv.slice(2) : parts;
  const unknown = chosen.find((part) => !parts.includes(part));
  if (unknown !== undefined)
    throw new SetupError(`There is no part "${unknown}" of the tests; there are ${parts.join(', ')}.`);
  await setUp();
  const scratch = mkdtempSync(join(tmpdir(), 'edm2-test-'));
  const total = { passed: 0, failed: 0, skipped: 0 };
  const failures = [];
  try {
    for (const part of parts.filter((one) => chosen.includes(one))) {
      process.stdout.write(`\n== ${part}\n`);
      if (part === 'package') await buildWorker();
      const tally = part === 'check' ? await runChecks() : await runProject(part, scratch);
      for (const key of Object.keys(total)) total[key] += tally[key] ?? 0;
      failures.push(...tally.failures);
    }
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  if (process.env.REQUIRE_ALL === '1' && total.skipped > 0) {
    process.stdout.write(`\n${total.skipped} skipped, and REQUIRE_ALL=1 says that nothing may be skipped\n`);
    total.failed += total.skipped;
    total.skipped = 0;
  }
  if (failures.length > 0) process.stdout.write(`\nWhat failed:\n${failures.join('\n')}\n`);
  const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : '';
  process.stdout.write(`\n${total.passed} passed, ${total.failed} failed${skipped}\n`);
  return total.failed === 0 && total.passed > 0 ? 0 : 1;
});

/** What is packed runs from JavaScript, which the set-up of a checkout does not need. */
async function buildWorker() {
  const status = await run(privateNode(), [join(root, 'scripts', 'build.mjs'), 'worker'], { stdio: 'inherit' });
  if (status !== 0) throw new SetupError('The worker could not be built for the package: see above.');
}

/** Runs one of vitest's projects; `tensor` needs TensorFlow on the library path. */
async function runProject(project, scratch) {
  const tallyFile = join(scratch, `${project}.jsonl`);
  const vitest = [join(root, 'node_modules', 'vitest', 'vitest.mjs'), 'run', '--project', project];
  const args = project === 'tensor' ? [join(root, 'scripts', 'with-runtime.mjs'), ...vitest] : vitest;
  const status = await run(privateNode(), args, {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: {
      ...process.env,
      NODE_ENV: 'test',
      EDM2_TEST_TALLY: tallyFile,
      EDM2_LIBRARY: join(scratch, 'library'), // a test that forgets to say where must not touch the user's library
    },
  });
  if (status === 130 || status === 143) throw new SetupError('Stopped.');
  const tally = { passed: 0, failed: 0, skipped: 0, failures: [] };
  if (existsSync(tallyFile)) {
    for (const line of readFileSync(tallyFile, 'utf8').trim().split('\n')) {
      const { failures, ...counts } = JSON.parse(line);
      for (const [key, count] of Object.entries(counts)) tally[key] += count;
      tally.failures.push(...failures);
    }
  }
  // A run that crashed, or found no tests at all, has failed even if nothing in it was counted as failed.
  if (status !== 0 && tally.failed === 0) tally.failed = 1;
  return tally;
}
