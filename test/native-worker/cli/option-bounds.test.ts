import { Command } from 'commander';
import { afterEach, expect, test, vi } from 'vitest';
import * as z from 'zod';
import { RunConfig } from '../../../contract/training.ts';
import { configFrom } from '../../../native-worker/cli/arguments.ts';
import { addBench } from '../../../native-worker/cli/commands/bench.ts';
import { addCount } from '../../../native-worker/cli/commands/count.ts';
import { addDemo } from '../../../native-worker/cli/commands/demo.ts';
import { addImport } from '../../../native-worker/cli/commands/import.ts';
import { addProfile } from '../../../native-worker/cli/commands/profile.ts';
import { addReconstruct } from '../../../native-worker/cli/commands/reconstruct.ts';
import { addReconstructions } from '../../../native-worker/cli/commands/reconstructions.ts';
import { addRuns } from '../../../native-worker/cli/commands/runs.ts';
import { addSample } from '../../../native-worker/cli/commands/sample.ts';
import { addServe } from '../../../native-worker/cli/commands/serve.ts';
import { addToy } from '../../../native-worker/cli/commands/toy.ts';
import { addTrain } from '../../../native-worker/cli/commands/train.ts';
import { addTune } from '../../../native-worker/cli/commands/tune.ts';
import { addWorker } from '../../../native-worker/cli/commands/worker.ts';
import { EXIT_USAGE } from '../../../native-worker/cli/command.ts';

const add = [
  ...[addBench, addCount, addDemo, addImport, addProfile, addReconstruct, addReconstructions, addRuns],
  ...[addSample, addServe, addToy, addTrain, addTune, addWorker],
];

/** What a command needs beside the option. */
const needed: Record<string, string[]> = {
  import: ['pictures'],
  reconstruct: ['run', '--sigma-rel', '0.1'],
  continue: ['run', '--images', '1000'],
  resume: ['run'],
  sample: ['--run', 'run'],
  train: ['--dataset', 'set'],
  worker: ['--listen', 'here:7900', '--trusted-network'],
};
/** What an option needs beside it. */
const beside: Record<string, string[]> = {
  '--churn-min': ['--churn', '1'],
  '--churn-max': ['--churn', '1'],
  '--churn-noise': ['--churn', '1'],
  '--guide-nimg': ['--guide', 'run'],
  '--guide-sigma-rel': ['--guide', 'run'],
  '--guidance': ['--guide', 'run'],
  '--step-limit': [...['--devices', 'local/gpu:0,other:7900/gpu:0', '--listen', 'here:7900', '--trusted-network']],
};
/** Options that take any number as large as this, for there is no largest that works. */
const unlimited = new Set(['--churn-min', '--churn-max']);
/** These take 0. */
const fromZero = new Set(['--guidance', '--churn', '--churn-min', '--port', '--seed', '--classes of count']);
fromZero.add('--classes of bench').add('--classes of profile').add('--classes of tune').add('--guidance of toy');

/** Values in a flag's brackets that are numbers. */
const NUMBER = /<(?:n|w|m|images|pixels|seconds|strength|amount|sigma|factor|value)>/u;

interface Case {
  path: string[];
  name: string;
}

const cases: Case[] = [];
const collectCases = (command: Command, path: string[]): void => {
  for (const option of command.options) {
    if (!NUMBER.test(option.flags) || option.hidden) continue; // those are earlier names of others
    cases.push({ path, name: option.long! });
  }
  for (const child of command.commands) collectCases(child, [...path, child.name()]);
};
const program = new Command('edm2').option('--json');
for (const addCommand of add) addCommand(program);
collectCases(program, []);

afterEach(() => vi.restoreAllMocks());

/** What a command says of an option, and its exit code; it is refused before any service is started. */
async function answer({ path, name }: Case, value: string): Promise<{ said: string; code: unknown }> {
  const said: string[] = [];
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => said.push(String(text)) > 0);
  const fresh = new Command('edm2').option('--json');
  for (const addCommand of add) addCommand(fresh);
  const command = path.at(-1)!;
  process.exitCode = undefined;
  const others = [...(needed[command] ?? []), ...(command === 'toy' ? [] : (beside[name] ?? []))];
  await fresh.parseAsync(['node', 'edm2', ...path, ...others, name, value]);
  const code = process.exitCode;
  process.exitCode = undefined;
  vi.restoreAllMocks();
  return { said: said.join(''), code };
}

test('every option that takes a number is among those that are looked at', () => {
  expect(cases.length).toBeGreaterThan(40);
});

test.each(cases.map((one) => [`${one.path.join(' ')} ${one.name}`, one] as const))(
  'edm2 %s refuses what is no number, and what is beyond its bounds, by its name',
  async (_title, one) => {
    const zero = fromZero.has(one.name) || fromZero.has(`${one.name} of ${one.path.at(-1)!}`);
    const beyond = [
      'x',
      '',
      '-1',
      ...(zero ? [] : ['0']),
      ...(unlimited.has(one.name) ? [] : ['1e30', '9'.repeat(30)]),
    ];
    for (const value of beyond) {
      const { said, code } = await answer(one, value);
      expect([said.includes(one.name), code], `${one.name} ${value}: ${said}`).toEqual([true, EXIT_USAGE]);
    }
  },
);

test.each([
  ['demo', '--minutes', '35792', 'above 0 and up to 35791'], // a longer timer of Node's goes off at once
  ['worker', '--silence', '86401', 'from 1 to 86400'],
  ['tune', '--seconds', '9', 'from 10 to 7200'],
  ['toy', '--seed', '2147483648', 'at most 2147483647'],
  ['sample', '--churn', '1001', 'at most 1000'],
  ['sample', '--nimg', '9007199254740992', 'from 1 to 9007199254740991'],
])('edm2 %s %s %s is answered with what works', async (command, name, value, words) => {
  expect((await answer({ path: [command], name }, value)).said).toContain(words);
});

test('levels between which fresh noise is added are refused the wrong way round, for a sheet and for the grids of a run', async () => {
  const both = { path: ['sample'], name: '--churn-max' };
  beside['--churn-max'] = ['--churn', '20', '--churn-min', '5'];
  expect(await answer(both, '1')).toEqual({
    said: '--churn-min and --churn-max: S_min 5 must be smaller than S_max 1.\n',
    code: EXIT_USAGE,
  });
  const sampler = { steps: 8, churn: { amount: 20, min: 5, max: 1 } };
  const asked = (): RunConfig => configFrom('demo', [`grid.sampler=${JSON.stringify(sampler)}`]);
  expect(asked).toThrow('grid.sampler.churn is not possible: S_min 5 must be smaller than S_max 1.');
  // What an earlier version took is read for ever.
  const { grid, ...config } = configFrom('demo', []);
  expect(RunConfig.parse({ ...config, grid: { ...grid, sampler } }).grid.sampler.churn?.min).toBe(5);
  expect(() => configFrom('demo', ['grid.sampler.sigmaMin=0.9', 'grid.sampler.sigmaMax=0.5'])).toThrow('sigma_min 0.9');
});

interface Node {
  type?: string;
  properties?: Record<string, Node>;
  anyOf?: Node[];
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  exclusiveMaximum?: number;
}

const bounded: [string, string, number, number][] = [];
const walk = (node: Node, path: string): void => {
  for (const [name, child] of Object.entries(node.properties ?? {}))
    walk(child, path === '' ? name : `${path}.${name}`);
  const value = node.anyOf?.find(({ type }) => type === 'number' || type === 'integer') ?? node;
  if (value.type !== 'number' && value.type !== 'integer') return;
  const step = value.type === 'integer' ? 1 : 1e-3;
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum } = value;
  if (minimum !== undefined) bounded.push([path, 'at least', minimum, minimum - step]);
  if (maximum !== undefined) bounded.push([path, 'at most', maximum, maximum * 2 + step]);
  if (exclusiveMinimum !== undefined) bounded.push([path, 'more than', exclusiveMinimum, exclusiveMinimum]);
  if (exclusiveMaximum !== undefined) bounded.push([path, 'less than', exclusiveMaximum, exclusiveMaximum]);
};
walk(z.toJSONSchema(RunConfig, { io: 'input' }) as Node, '');

test('every number of the settings has a bound on each side', () => {
  expect(bounded.length).toBeGreaterThan(60);
});

test.each(bounded.filter(([path]) => !path.includes('churn')))(
  '--set %s refuses what is not %s %f, and says that bound',
  (path, relation, bound, beyond) => {
    // Shown with six digits where it is no whole number.
    const figure = Number.isInteger(bound) ? bound : Number(bound.toPrecision(6));
    expect(() => configFrom('demo', [`${path}=${beyond}`])).toThrow(`${path} must be ${relation} ${figure}.`);
  },
);
