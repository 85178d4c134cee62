import { mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { cachedProgram } from '../../../../native-worker/engine/recording/program-cache.ts';
import type { GraphProgram } from '../../../../native-worker/engine/recording/program.ts';

let folder: string;
let recordings: number;
beforeEach(() => {
  folder = join(mkdtempSync(join(tmpdir(), 'edm2-graphs-')), 'graphs');
  recordings = 0;
});
afterEach(() => rmSync(join(folder, '..'), { recursive: true, force: true }));

const noise = { purpose: 'noise', part: 'skip', rowSize: 12 } as const;
const program = (nodes: number): GraphProgram => ({
  graph: Uint8Array.from({ length: 1000 }, (_, index) => (index * nodes) % 256), // line ends among them
  state: { a: { shape: [3, 4], dtype: 'float32' }, b: { shape: [], dtype: 'int32' } },
  entries: { train: { inputs: { x: { shape: [2], dtype: 'bool' } }, draws: [noise], outputs: ['y'] } },
  nodes,
});
const ask = (key: string, nodes = 7, { state } = program(nodes)): GraphProgram =>
  cachedProgram(
    key,
    state,
    () => {
      recordings += 1;
      return program(nodes);
    },
    folder,
  );
const file = (key: string): string => join(folder, `${key}.graph`);

test('a program is recorded once and read from then on, byte for byte', () => {
  ask('one');
  const again = ask('one');
  expect(recordings).toBe(1);
  expect({ ...again, graph: Uint8Array.from(again.graph) }).toEqual(program(7));
  expect(readdirSync(folder)).toEqual(['one.graph']);
});

test('a program whose state is not what is asked for is recorded anew', () => {
  const other = { ...program(9), state: { 'a of another name': program(9).state.a! } };
  cachedProgram('one', other.state, () => other, folder);
  expect(ask('one')).toEqual(program(7));
  expect(ask('one').nodes).toBe(7);
  expect(recordings).toBe(1);
});

test('another key is another program', () => {
  ask('one');
  expect(ask('two', 9).nodes).toBe(9);
  expect(recordings).toBe(2);
});

test.each([
  ['cut short in its graph', (path: string) => truncateSync(path, 700)],
  ['cut short in its head', (path: string) => truncateSync(path, 20)],
  ['empty', (path: string) => truncateSync(path, 0)],
  ['of zeros where the disk lost them', (path: string) => writeFileSync(path, readFileSync(path).fill(0, 400, 500))],
  ['of another format', (path: string) => writeFileSync(path, '{"format":2}\n')],
])('a file that is %s is recorded anew and replaced', (_, damage) => {
  ask('one');
  damage(file('one'));
  expect(ask('one').nodes).toBe(7);
  expect(recordings).toBe(2);
  ask('one');
  expect(recordings).toBe(2);
});

test('one bit that is another, wherever it is, is noticed', () => {
  ask('one');
  const whole = readFileSync(file('one'));
  // A bit of nearly every byte of the hash and the head, and some of the graph.
  const bits = Array.from({ length: whole.length * 8 }, (_, bit) => bit).filter(
    (bit) => bit % (bit < 3200 ? 9 : 97) === 0,
  );
  for (const [index, bit] of bits.entries()) {
    const damaged = Buffer.from(whole);
    damaged[bit >> 3]! ^= 1 << (bit & 7);
    writeFileSync(file('one'), damaged);
    expect(ask('one').state).toEqual(program(7).state);
    expect(recordings, `bit ${bit}`).toBe(index + 2);
  }
  expect(readFileSync(file('one'))).toEqual(whole);
});

test('of many programs the sixteen that were used last stay', () => {
  for (let index = 0; index < 16; index += 1) {
    ask(`p${index}`);
    utimesSync(file(`p${index}`), 1000 + index, 1000 + index);
  }
  ask('p0'); // used again
  ask('new');
  expect(readdirSync(folder)).toHaveLength(16);
  expect(readdirSync(folder)).toEqual(expect.arrayContaining(['p0.graph', 'new.graph']));
  expect(readdirSync(folder)).not.toContain('p1.graph');
});

test('where nothing can be written a program is recorded each time, and nothing fails', () => {
  writeFileSync(folder, 'a file in the place of the folder');
  expect(ask('one').nodes).toBe(7);
  expect(ask('one').nodes).toBe(7);
  expect(recordings).toBe(2);
});
