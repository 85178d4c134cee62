import { expect, test } from 'vitest';
import { crc32c, eventFile } from '../../../native-worker/service/tensorboard/event-file.ts';
import { momentsOf } from '../../../native-worker/service/tensorboard/run-moments.ts';
import { tickColumns } from '../../../contract/ticks.ts';
import { exampleSample } from '../../renderer/support/examples.ts';
import { exampleTick } from '../../support/ticks.ts';

test.each([
  // RFC 3720, App. B.4, and the check value of the CRC catalogues.
  ['32 zeros', new Uint8Array(32), 0x8a9136aa],
  ['32 ones', new Uint8Array(32).fill(0xff), 0x62a8ab43],
  ['0 to 31', Uint8Array.from({ length: 32 }, (_, index) => index), 0x46dd794e],
  ['123456789', Buffer.from('123456789'), 0xe3069283],
])('the checksum of %s is that of the standard', (_, data, crc) => {
  expect(crc32c(data)).toBe(crc);
});

test('a file begins with its version, and says the length of each record', () => {
  const file = Buffer.concat([...eventFile([{ step: 300, wallTime: 1.5, shown: [{ tag: 'a', value: 0.5 }] }])]);
  const first = Number(file.readBigUInt64LE(0));
  expect(file.subarray(12, 12 + first).toString('latin1')).toContain('brain.Event:2');
  const second = 12 + first + 4;
  const length = Number(file.readBigUInt64LE(second));
  expect(second + 12 + length + 4).toBe(file.length);
  // wall_time 1.5, step 300, a summary with one value: tag "a", simple_value 0.5.
  expect(file.subarray(second + 12, -4).toString('hex')).toBe(
    '09000000000000f83f' + '10ac02' + '2a0a' + '0a08' + '0a0161' + '150000003f',
  );
});

test('what was recorded at a moment stands together, and what was not is left out', () => {
  const ticks = tickColumns([
    exampleTick(100, { trainSeconds: 10, loss: 1, weightedError: null }),
    exampleTick(200, { trainSeconds: 20, loss: null, weightedError: 0.5 }),
  ]);
  const moments = momentsOf({
    run: { createdAt: 0, startedAt: 5000 },
    ticks,
    tables: [{ kind: 'validation', layers: ['raw: held out'], nimg: [150, 200], values: [[0.25, null]] }],
    grids: [
      {
        sample: { ...exampleSample(), nimg: 200, resolution: 16, columns: 3, seeds: [0, 1, 2, 3] },
        png: () => new Uint8Array(2),
      },
    ],
  });
  expect(moments.map(({ step, wallTime }) => [step, wallTime])).toEqual([
    [100, 15],
    [150, 15],
    [200, 25],
  ]);
  const tags = moments.map(({ shown }) => shown.map(({ tag }) => tag));
  expect(tags[0]).toContain('run/loss');
  expect(tags[0]).not.toContain('run/weightedError');
  expect(tags[0]).not.toContain('run/nimg');
  expect(moments[1]!.shown).toEqual([{ tag: 'validation/raw: held out', value: 0.25 }]);
  expect(tags[2]).toEqual(expect.arrayContaining(['run/weightedError', 'samples']));
  expect(tags[2]).not.toContain('validation/raw: held out');
  expect(moments[2]!.shown.at(-1)).toMatchObject({ width: 48, height: 32 });
});
