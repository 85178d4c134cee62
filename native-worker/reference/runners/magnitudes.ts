import { forceNormalize } from '../../edm2/mp-layers.ts';
import { denoise, logVariance } from '../../edm2/precondition.ts';
import { rms } from '../../edm2/train-step.ts';
import type { Parameters } from '../../edm2/types.ts';
import { tf } from '../../engine/tensorflow.ts';
import { networkOf, override, weightsSource } from '../network-config.ts';
import type { Runner } from '../runner.ts';
import { numbers, pictures, tensor } from '../tensors.ts';
import type { Tensor, Tensor1D, Tensor2D } from '../tensors.ts';

/** Magnitudes of weights and of every layer's and block's output in one forward pass in train mode. */
export const runMagnitudes: Runner = (reference) => {
  const network = networkOf(weightsSource(reference));
  const x = pictures(reference, 'x');
  const sigma = tensor(reference, 'sigma') as Tensor1D;
  const labels = reference.has('labels') ? (tensor(reference, 'labels') as Tensor2D) : null;

  const measure = (parameters: Parameters): { rms: Record<string, number>; std: Record<string, number> } => {
    const result = { rms: {} as Record<string, number>, std: {} as Record<string, number> };
    const observe = (name: string, output: Tensor): void => {
      result.rms[name] = numbers(rms(output))[0]!;
      result.std[name] = numbers(tf.sqrt(tf.moments(output).variance))[0]!;
    };
    const forced = { ...network, parameters: forceNormalize(parameters) };
    denoise(forced, x, sigma, labels, { observe });
    logVariance(forced, sigma, { observe });
    return result;
  };
  const zero = measure(override(network.parameters, { '*gain': 0 }));
  const nonzero = measure(network.parameters);
  return {
    values: new Map(),
    scalars: {
      weight_rms_before: weightMagnitudes(network.parameters),
      weight_rms_after: weightMagnitudes(forceNormalize(network.parameters)),
      'activation_rms.zero_gains': zero.rms,
      'activation_std.zero_gains': zero.std,
      'activation_rms.nonzero_gains': nonzero.rms,
      'activation_std.nonzero_gains': nonzero.std,
    },
  };
};

function weightMagnitudes(parameters: Parameters): Record<string, number> {
  return Object.fromEntries(
    Object.entries(parameters)
      .filter(([name]) => name.endsWith('.weight'))
      .map(([name, value]) => [name.replace(/\.weight$/, ''), numbers(rms(value))[0]!]),
  );
}
