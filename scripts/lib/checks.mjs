/** The checks of `npm run check`: each a program among the packages, run under the private Node. */
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { privateNode, root, SetupError } from './project.mjs';
import { runQuietly } from './run.mjs';

const bin = (path) => join(root, 'node_modules', path);
const typeScript = bin('typescript/bin/tsc');

/** @type {{ name: string, args: string[] }[]} the slowest first, so that two at a time end together */
export const checks = [
  { name: 'lint', args: [bin('eslint/bin/eslint.js'), '--max-warnings=0', '.'] },
  {
    name: 'types of Svelte',
    args: [
      bin('svelte-check/bin/svelte-check'),
      '--tsconfig',
      'renderer/tsconfig.json',
      '--output',
      'human',
      '--fail-on-warnings',
    ],
  },
  { name: 'types', args: [typeScript, '--project', 'tsconfig.json'] },
  { name: 'types of the contract', args: [typeScript, '--project', 'contract/tsconfig.json'] },
  { name: 'types of the preload', args: [typeScript, '--project', 'main/tsconfig.preload.json'] },
  { name: 'types of the tests that drive the app', args: [typeScript, '--project', 'test/e2e/tsconfig.json'] },
  {
    name: 'import directions',
    args: [
      bin('dependency-cruiser/bin/dependency-cruiser.mjs'),
      '--config',
      '.dependency-cruiser.cjs',
      'contract',
      'main',
      'native-worker',
      'renderer',
    ],
  },
  { name: 'dead code', args: [bin('knip/bin/knip.js')] },
  { name: 'format', args: [bin('prettier/bin/prettier.cjs'), '--check', '--log-level', 'warn', '.'] },
];

/**
 * Runs all checks, as many at a time as there are processors, and prints the words of those that fail.
 *
 * @returns {Promise<{ passed: number, failed: number, failures: string[] }>}
 */
export async function runChecks() {
  const waiting = [...checks];
  const tally = { passed: 0, failed: 0, failures: [] };
  const work = async () => {
    for (let check = waiting.shift(); check !== undefined; check = waiting.shift()) {
      const started = performance.now();
      const { status, output } = await runQuietly(privateNode(), check.args, { cwd: root });
      const seconds = ((performance.now() - started) / 1000).toFixed(1);
      if (status > 128) throw new SetupError('Stopped.');
      if (status === 0) tally.passed += 1;
      else {
        tally.failed += 1;
        tally.failures.push(check.name);
        process.stdout.write(`${output.trimEnd()}\n`);
      }
      process.stdout.write(`${status === 0 ? 'ok    ' : 'FAILED'}  ${check.name} (${seconds} s)\n`);
    }
  };
  await Promise.all(Array.from({ length: Math.max(1, availableParallelism()) }, work));
  return tally;
}
