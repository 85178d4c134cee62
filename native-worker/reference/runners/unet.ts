import { toOfficial } from '../../edm2/layout.ts';
import { forceNormalize } from '../../edm2/mp-layers.ts';
import { denoise, logVariance } from '../../edm2/precondition.ts';
import type { Network } from '../../edm2/precondition.ts';
import { tf } from '../../engine/tensorflow.ts';
import type { ReferenceCase } from '../case-file.ts';
import { networkOf } from '../network-config.ts';
import type { Results, Runner } from '../runner.ts';
import { numbers, numbersNchw, pictures, tensor } from '../tensors.ts';
import type { Tensor, Tensor1D, Tensor2D, Tensor4D } from '../tensors.ts';

/** What goes into a case's network. */
interface Inputs {
  readonly x: Tensor4D;
  readonly sigma: Tensor1D;
  readonly labels: Tensor2D | null;
}

export const runUnetCase: Runner = (reference): Results => {
  const network = networkOf(reference);
  const inputs: Inputs = {
    x: pictures(reference, 'x'),
    sigma: tensor(reference, 'sigma') as Tensor1D,
    labels: reference.has('labels') ? (tensor(reference, 'labels') as Tensor2D) : null,
  };
  const count = Object.values(network.parameters).reduce((sum, { size }) => sum + size, 0);
  return {
    values: new Map([...evaluate(reference, network, inputs), ...differentiate(reference, network, inputs)]),
    scalars: { parameters: count },
  };
};

/** The outputs in eval mode: weights as stored. */
function evaluate(reference: ReferenceCase, network: Network, { x, sigma, labels }: Inputs): Map<string, Float32Array> {
  const activations = new Map<string, Float32Array>();
  const observe = (name: string, output: Tensor): void => {
    const short = name === 'unet' ? 'act.F' : `act.${name.replace(/^unet\./, '')}`;
    const wanted = reference.outputs[short]?.shape;
    if (wanted === undefined) return;
    // Most activations are kept for the first picture only.
    const first = tf.slice(output, 0, wanted[0]);
    activations.set(short, output.rank === 4 ? numbersNchw(first) : numbers(first));
  };
  const values = new Map([['D.eval', numbersNchw(denoise(network, x, sigma, labels, { observe }))], ...activations]);
  values.set('logvar.eval', numbers(logVariance(network, sigma)));
  if ('D.eval.one_sigma' in reference.outputs) {
    values.set('D.eval.one_sigma', numbersNchw(denoise(network, x, tf.slice(sigma, 1, 1), labels)));
  }
  if (labels !== null) values.set('D.eval.no_labels', numbersNchw(denoise(network, x, sigma, null)));
  return values;
}

/** The outputs in train mode, and gradients of sum(D · r) + sum(u · s) at the forced weights. */
function differentiate(
  reference: ReferenceCase,
  stored: Network,
  { x, sigma, labels }: Inputs,
): Map<string, Float32Array> {
  const network = { ...stored, parameters: forceNormalize(stored.parameters) };
  const r = pictures(reference, 'r');
  const s = tensor(reference, 's');
  const values = new Map<string, Float32Array>();
  const names = Object.keys(network.parameters);
  const { grads } = tf.valueAndGrads(() => {
    const d = denoise(network, x, sigma, labels);
    const u = logVariance(network, sigma);
    values.set('D.train', numbersNchw(d)).set('logvar.train', numbers(u));
    return tf.add(tf.sum(tf.mul(d, r)), tf.sum(tf.mul(u, s)));
  })([x, ...Object.values(network.parameters)]);
  values.set('dx', numbersNchw(grads[0]!));
  names.forEach((name, index) => values.set(`grad.${name}`, numbers(toOfficial(grads[index + 1]!))));
  return values;
}
