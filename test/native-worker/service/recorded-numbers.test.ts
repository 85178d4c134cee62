import { afterAll, beforeAll, expect, test } from 'vitest';
import { tickScalars } from '../../../contract/ticks.ts';
import { recordedNumbers } from '../../../native-worker/service/recorded-numbers.ts';
import { insertDynamics } from '../../../native-worker/store/dynamics.ts';
import type { Library } from '../../../native-worker/store/library.ts';
import { editRun } from '../../../native-worker/store/runs.ts';
import { insertTick } from '../../../native-worker/store/ticks.ts';
import { exampleTick } from '../../support/ticks.ts';
import { makeLibrary, makeRun, tinyConfig } from '../../support/training-library.ts';

/** More than are read at once. */
const TICKS = 2300;
let library: Library;
let remove: () => void;
beforeAll(async () => {
  const made = await makeLibrary();
  ({ library, remove } = made);
  const { db } = library;
  for (const name of ['=long, "run"', 'short']) editRun(db, makeRun(library, made.datasetId, tinyConfig()), { name });
  db.transaction(() => {
    for (let tick = 1; tick <= TICKS; tick++)
      insertTick(db, 1, exampleTick(tick * 8, { loss: tick === 7 ? null : 1 / tick }));
    insertTick(db, 2, exampleTick(16, { loss: 0.125 }));
    insertDynamics(db, 2, 'weight', 16, ['unet.a', 'unet.b'], Float32Array.of(0.3, Number.NaN));
    insertDynamics(db, 2, 'weight', 24, ['unet.a', 'unet.b'], Float32Array.of(0.4, 2));
  })();
});
afterAll(() => remove());

async function all(ids: number[], kinds: boolean, form: 'csv' | 'json'): Promise<string[]> {
  const pieces: string[] = [];
  for await (const piece of recordedNumbers(library.db, { ids, kinds, form })) pieces.push(piece);
  return pieces;
}

test('CSV has every tick of every run, however many, and a name stays a name', async () => {
  const pieces = await all([1, 2], false, 'csv');
  expect(pieces.length).toBeGreaterThan(3); // nothing is gathered first
  const [head, ...lines] = pieces.join('').trimEnd().split('\r\n');
  expect(head).toBe(['run', 'name', ...Object.keys(tickScalars)].join(','));
  expect(lines).toHaveLength(TICKS + 1);
  const loss = head!.split(',').indexOf('loss') + 1; // the name has a comma
  const cells = lines.map((line) => line.split(','));
  expect(lines[0]).toMatch(/^1,"'=long, ""run""",8,/);
  expect(cells.slice(0, TICKS).map((line) => line[loss])).toEqual(
    Array.from({ length: TICKS }, (_, at) => (at === 6 ? '' : String(1 / (at + 1)))),
  );
  expect(lines.at(-1)).toMatch(/^2,short,16,/);
});

test('with kinds a line is a number of a row, float32 told apart, and what is not finite is empty', async () => {
  const text = (await all([2], true, 'csv')).join('');
  expect(text.startsWith('run,name,nimg,kind,row,value\r\n')).toBe(true);
  expect(text).toContain('2,short,16,loss,,0.125\r\n');
  expect(text).toContain('2,short,16,weight,unet.a,0.300000012\r\n2,short,16,weight,unet.b,\r\n');
  expect(text).toContain('2,short,24,weight,unet.b,2\r\n');
  expect(Math.fround(0.300000012)).toBe(Math.fround(0.3));
});

test('JSON has the same', async () => {
  const { fields, runs } = JSON.parse((await all([2, 1, 2], true, 'json')).join('')) as {
    fields: string[];
    runs: { id: number; name: string; ticks: (number | null)[][]; kinds: unknown[] }[];
  };
  expect(fields).toEqual(Object.keys(tickScalars));
  expect(runs.map(({ id, name, ticks }) => [id, name, ticks.length])).toEqual([
    [2, 'short', 1],
    [1, '=long, "run"', TICKS],
  ]);
  expect(runs[1]!.ticks.map((tick) => tick[fields.indexOf('nimg')])).toEqual(
    Array.from({ length: TICKS }, (_, at) => 8 * (at + 1)),
  );
  expect(runs[1]!.ticks[6]![fields.indexOf('loss')]).toBeNull();
  expect(runs[0]!.kinds).toEqual([
    {
      kind: 'weight',
      rows: ['unet.a', 'unet.b'],
      moments: [
        [16, 0.300000012, null],
        [24, 0.400000006, 2],
      ],
    },
  ]);
});

test('a run that is not there is told before anything is written', () => {
  expect(() => recordedNumbers(library.db, { ids: [1, 99], kinds: false, form: 'csv' })).toThrow(
    expect.objectContaining({ code: 'not-found' }),
  );
});
