import { Command, Option } from 'commander';
import { expect, test } from 'vitest';
import { collect } from '../../../native-worker/cli/arguments.ts';
import { addReconstruct } from '../../../native-worker/cli/commands/reconstruct.ts';
import { addSample } from '../../../native-worker/cli/commands/sample.ts';
import { addRenamed } from '../../../native-worker/cli/renamed-option.ts';

const options = (option: Option, ...args: string[]): object =>
  addRenamed(new Command(), option, '--std', '--ema').parse(args, { from: 'user' }).opts();

test.each(['--sigma-rel', '--std', '--ema'])('%s is one option by three names', (name) => {
  expect(options(new Option('--sigma-rel <value>'), name, '0.1')).toEqual({ sigmaRel: '0.1' });
  expect(options(new Option('--sigma-rel <value>'), `${name}=0.1`)).toEqual({ sigmaRel: '0.1' });
});

test('a list keeps the order in which it is given, whatever the names', () => {
  const list = new Option('--sigma-rel <value>').argParser(collect).default([]);
  expect(options(list, '--std', '1', '--sigma-rel', '2', '--ema', '3')).toEqual({ sigmaRel: ['1', '2', '3'] });
  expect(options(list)).toEqual({ sigmaRel: [] });
});

test.each([
  ['sample', addSample],
  ['reconstruct', addReconstruct],
])('the help of edm2 %s has today’s name alone', (_name, add) => {
  const program = new Command();
  add(program);
  const help = program.commands[0]!.helpInformation();
  expect(help).toContain('--sigma-rel');
  expect(help).not.toMatch(/--std|--ema|--guide-std/);
});
