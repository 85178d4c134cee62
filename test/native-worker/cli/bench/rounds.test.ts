import { describe, expect, test } from 'vitest';
import { median } from '../../../../contract/median.ts';
import { alternate, othersShare, timing, type Contender } from '../../../../native-worker/cli/bench/rounds.ts';

const turn = (seconds: number, others: number | null = 0) => ({
  seconds,
  processorSeconds: others === null ? null : 2 * seconds,
  others,
});

describe('the median of turns', () => {
  test('leaves out those that others disturbed', () => {
    const found = timing([turn(1), turn(9, 0.4), turn(2), turn(8, 0.06), turn(3)]);
    expect(found).toMatchObject({ median: 2, min: 1, max: 9, processorSeconds: 6, undisturbed: 3, quiet: true });
    expect(found.turns).toEqual([1, 9, 2, 8, 3]);
  });

  test('is of the faster half, and called not quiet, where fewer than three were left alone', () => {
    const found = timing([turn(1, 0.3), turn(2), turn(3, 0.3), turn(4), turn(50, 0.3), turn(60, 0.3)]);
    expect(found).toMatchObject({ median: 2, undisturbed: 2, quiet: false });
  });

  test('is of all turns where the system does not tell what others take', () => {
    expect(timing([turn(1, null), turn(2, null), turn(6, null)])).toMatchObject({
      median: 2,
      processorSeconds: null,
      undisturbed: null,
      quiet: null,
    });
  });

  test('of an even number of values lies between the middle two', () => {
    expect(median([4, 1, 3, 2])).toBe(2.5);
  });
});

test('others are what of the busy time is not our own', () => {
  const before = { idle: 1000, all: 10_000 };
  const now = { idle: 2000, all: 14_000 }; // of 4 s 3 were busy
  expect(othersShare(before, now, 2)).toBeCloseTo(0.25, 12);
  expect(othersShare(before, now, 3.01)).toBe(0); // clocks of different grain
});

describe('alternation', () => {
  const contender = (name: string, log: string[], seconds: number): Contender<string> => ({
    pid: process.pid,
    run: (task) => {
      log.push(`${name} ${task}`);
      return Promise.resolve(seconds);
    },
  });

  test('gives each a turn a round, after its warm-up, and begins each with a run that does not count', async () => {
    const log: string[] = [];
    const [slow, fast] = await alternate(
      [
        { contender: contender('a', log, 2), task: 'train' },
        { contender: contender('b', log, 1), task: 'draw' },
      ],
      { rounds: 2, limitSeconds: 60, warmUps: 1, turnSeconds: 0 },
    );
    const round = ['a train', 'a train', 'b draw', 'b draw'];
    expect(log).toEqual(['a train', 'b draw', ...round, ...round]);
    expect([slow!.median, fast!.median]).toEqual([2, 1]);
  });

  test('repeats what is short within a turn', async () => {
    const log: string[] = [];
    const [found] = await alternate([{ contender: contender('a', log, 0.1), task: 'train' }], {
      rounds: 2,
      limitSeconds: 60,
      warmUps: 1,
      turnSeconds: 0.5,
    });
    expect(log).toHaveLength(1 + 2 * (1 + 5));
    expect(found!.turns).toHaveLength(2);
    expect(found!.median).toBeCloseTo(0.1, 12);
  });

  test('begins no round after its time is over, but does one', async () => {
    const [found] = await alternate([{ contender: contender('a', [], 1), task: 'train' }], {
      rounds: 9,
      limitSeconds: 0,
      warmUps: 1,
      turnSeconds: 0,
    });
    expect(found!.turns).toHaveLength(1);
  });
});
