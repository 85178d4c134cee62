import { ready } from '../../edm2/network/network.ts';
import { rms } from '../../edm2/network/normalize.ts';
import { denoise, logVariance } from '../../edm2/network/precondition.ts';
import type { Parameters } from '../../edm2/tensors/types.ts';
import { tf } from '../../engine/tensorflow.ts';
import { networkOf, override, weightsSource } from '../network-config.ts';
import { forced } from '../parameters.ts';
import type { Runner } from '../runner.ts';
import { numbers, pictures, tensor } from '../tensors.ts';
import type { Tensor, Tensor1D, Tensor2D, Tensor4D } from '../tensors.ts';

type Tensors = Record<string, Tensor>;

/** Magnitudes of weights and of every layer's and block's output in one forward pass in train mode. */
export const runMagnitudes: Runner = async (reference, engine) => {
  const { plan, buffers, parameters } = networkOf(weightsSource(reference));
  const inputs: Tensors = { x: pictures(reference, 'x'), sigma: tensor(reference, 'sigma') };
  if (reference.has('labels')) inputs.labels = tensor(reference, 'labels');

  const measure = async (start: Parameters): Promise<{ rms: Record<string, number>; std: Record<string, number> }> => {
    const measured = await engine.compute({ ...inputs, ...start }, ({ x, sigma, labels, ...stored }: Tensors) => {
      const results: Tensors = {};
      const observe = (name: string, output: Tensor): void => {
        results[`rms/${name}`] = tf.keep(rms(output));
        results[`std/${name}`] = tf.keep(tf.tidy(() => tf.sqrt(tf.moments(output).variance)));
      };
      const network = ready({ plan, buffers, parameters: forced(stored) });
      const labelled = (labels as Tensor2D | undefined) ?? null;
      denoise(network, x as Tensor4D, sigma as Tensor1D, labelled, { observe });
      logVariance(network, sigma as Tensor1D, { observe });
      return results;
    });
    return { rms: below('rms/', measured), std: below('std/', measured) };
  };
  const zero = await measure(override(parameters, { '*gain': 0 }));
  const nonzero = await measure(parameters);
  const weights = async (stored: Parameters): Promise<Record<string, number>> => {
    const names = Object.keys(stored).filter((name) => name.endsWith('.weight'));
    return below(
      'weight/',
      await engine.compute(stored, (given) =>
        Object.fromEntries(names.map((name) => [`weight/${name.replace(/\.weight$/, '')}`, rms(given[name]!)])),
      ),
    );
  };
  return {
    values: new Map(),
    scalars: {
      weight_rms_before: await weights(parameters),
      weight_rms_after: await weights(await engine.compute(parameters, forced)),
      'activation_rms.zero_gains': zero.rms,
      'activation_std.zero_gains': zero.std,
      'activation_rms.nonzero_gains': nonzero.rms,
      'activation_std.nonzero_gains': nonzero.std,
    },
  };
};

/** The scalars whose names begin so, without that beginning. */
function below(prefix: string, scalars: Readonly<Record<string, Tensor>>): Record<string, number> {
  return Object.fromEntries(
    Object.entries(scalars)
      .filter(([name]) => name.startsWith(prefix))
      .map(([name, value]) => [name.slice(prefix.length), numbers(value)[0]!]),
  );
}
