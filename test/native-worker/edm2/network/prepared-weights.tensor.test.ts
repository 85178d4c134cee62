import { expect, test } from 'vitest';
import { rungNames, rungs } from '../../../../contract/ladder.ts';
import { oneHot } from '../../../../native-worker/edm2/tensors/layout.ts';
import { denoise } from '../../../../native-worker/edm2/network/precondition.ts';
import { collectWeights, preparedWeights } from '../../../../native-worker/edm2/network/prepared-weights.ts';
import { tf } from '../../../../native-worker/engine/tensorflow.ts';
import { normal, tinyNetwork, tinyPlan } from '../support.ts';
import type { Tensor, Tensor4D } from '../support.ts';

const x = normal([3, 8, 8, 3], 10) as Tensor4D;
const sigma = tf.tensor1d([0.05, 0.5, 5]);
const labels = oneHot([0, 1, 2], 4);

test.each(rungNames)('config %s draws the same with weights that were prepared once', (rung) => {
  const network = tinyNetwork(tinyPlan({ switches: rungs[rung].switches }));
  const prepared: Record<string, Tensor> = {};
  const first = denoise(network, x, sigma, labels, { weights: collectWeights(prepared) });
  const weights = network.plan.parameters.filter(({ name }) => name.startsWith('unet.') && name.endsWith('.weight'));
  const again = denoise(network, x, sigma, labels, { weights: preparedWeights(prepared) });
  expect([...again.dataSync()]).toEqual([...first.dataSync()]);
  const norms = weights.filter(({ name }) => /norm\d?\.weight$/.test(name)).length;
  expect(Object.keys(prepared)).toHaveLength(weights.length - norms);
});

test('what was prepared is used, not the parameters', () => {
  const network = tinyNetwork();
  const prepared: Record<string, Tensor> = {};
  denoise(network, x, sigma, labels, { weights: collectWeights(prepared) });
  const zero = Object.fromEntries(Object.entries(prepared).map(([name, tensor]) => [name, tf.zerosLike(tensor)]));
  const skipped = denoise(network, x, sigma, labels, { weights: preparedWeights(zero) });
  const cSkip = tf.div(0.25, tf.add(tf.square(tf.reshape(sigma, [3, 1, 1, 1])), 0.25));
  const difference = tf.max(tf.abs(tf.sub(skipped, tf.mul(x, cSkip)))).dataSync()[0];
  expect(difference).toBeLessThan(1e-6);
});
