import { expect, test } from 'vitest';
import { adviceLines } from '../../../native-worker/cli/commands/noise-advice.ts';

const current = { pMean: -0.8, pStd: 1.6 };

test('advice comes with its reason and what to type', () => {
  const proposed = { pMean: -0.55, pStd: 1.2 };
  expect(adviceLines({ verdict: 'move', text: 'Do this.', reason: 'Because.', current, proposed, fallen: [] })).toEqual(
    ['Do this.', 'Because.', '`edm2 train` takes them as: --set training.pMean=-0.55 --set training.pStd=1.2'],
  );
});

test('where nothing is advised nothing is to be typed', () => {
  expect(
    adviceLines({ verdict: 'too-little', text: 'Too little.', reason: '', current, proposed: null, fallen: [] }),
  ).toEqual(['Too little.']);
});
