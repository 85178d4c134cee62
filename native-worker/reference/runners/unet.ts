import { toOfficial } from '../../edm2/tensors/layout.ts';
import { ready } from '../../edm2/network/network.ts';
import { denoise, logVariance } from '../../edm2/network/precondition.ts';
import type { Precision } from '../../edm2/tensors/precision.ts';
import type { Parameters } from '../../edm2/tensors/types.ts';
import { tf } from '../../engine/tensorflow.ts';
import type { ReferenceCase } from '../case-file.ts';
import { networkOf } from '../network-config.ts';
import { forced } from '../parameters.ts';
import type { Results, Runner } from '../runner.ts';
import { numbers, numbersNchw, pictures, tensor } from '../tensors.ts';
import type { Tensor, Tensor1D, Tensor2D, Tensor4D } from '../tensors.ts';

type Tensors = Record<string, Tensor>;

/** What goes into a case's network. */
interface Inputs {
  readonly x: Tensor4D;
  readonly sigma: Tensor1D;
  readonly labels?: Tensor2D;
}

export const runUnetCase: Runner = async (reference, engine): Promise<Results> => {
  const network = networkOf(reference);
  const inputs: Inputs = {
    x: pictures(reference, 'x'),
    sigma: tensor(reference, 'sigma') as Tensor1D,
    ...(reference.has('labels') ? { labels: tensor(reference, 'labels') as Tensor2D } : {}),
  };
  const count = Object.values(network.parameters).reduce((sum, { size }) => sum + size, 0);
  const evaluated = await engine.compute({ ...inputs, ...network.parameters }, (given, precision) =>
    evaluate(reference, network, given, precision),
  );
  const parameters = await engine.compute(network.parameters, forced);
  const more = { r: pictures(reference, 'r'), s: tensor(reference, 's') };
  const differentiated = await engine.compute({ ...inputs, ...more, ...parameters }, (given, precision) =>
    differentiate(network, given, precision),
  );
  const results = Object.entries({ ...evaluated, ...differentiated });
  return { values: new Map(results.map(([name, y]) => [name, official(name, y)])), scalars: { parameters: count } };
};

type Fixed = Pick<ReturnType<typeof networkOf>, 'plan' | 'buffers'>;

/** Tells the inputs of a network from its parameters. */
function split({ x, sigma, labels, ...parameters }: Tensors): Inputs & { readonly parameters: Parameters } {
  const given = { x: x as Tensor4D, sigma: sigma as Tensor1D, parameters };
  return labels === undefined ? given : { ...given, labels: labels as Tensor2D };
}

/** The outputs in eval mode: weights as stored. */
function evaluate(reference: ReferenceCase, { plan, buffers }: Fixed, given: Tensors, precision: Precision): Tensors {
  const { x, sigma, labels = null, parameters } = split(given);
  const network = ready({ plan, buffers, parameters }, precision);
  const results: Tensors = {};
  const observe = (name: string, output: Tensor): void => {
    const short = name === 'unet' ? 'act.F' : `act.${name.replace(/^unet\./, '')}`;
    const wanted = reference.outputs[short]?.shape;
    // Most activations are kept for the first picture only.
    if (wanted !== undefined) results[short] = tf.keep(tf.slice(output, 0, wanted[0]));
  };
  results['D.eval'] = denoise(network, x, sigma, labels, { observe, precision });
  results['logvar.eval'] = logVariance(network, sigma);
  if ('D.eval.one_sigma' in reference.outputs) {
    results['D.eval.one_sigma'] = denoise(network, x, tf.slice(sigma, 1, 1), labels, { precision });
  }
  if (labels !== null) results['D.eval.no_labels'] = denoise(network, x, sigma, null, { precision });
  return results;
}

/** The outputs in train mode, and gradients of sum(D · r) + sum(u · s) at the forced weights. */
function differentiate({ plan, buffers }: Fixed, { r, s, ...given }: Tensors, precision: Precision): Tensors {
  const { x, sigma, labels = null, parameters } = split(given);
  const results: Tensors = {};
  const names = Object.keys(parameters);
  const { grads } = tf.valueAndGrads(() => {
    const network = ready({ plan, buffers, parameters }, precision);
    const d = denoise(network, x, sigma, labels, { precision });
    const u = logVariance(network, sigma);
    results['D.train'] = tf.keep(d.clone());
    results['logvar.train'] = tf.keep(u.clone());
    return tf.add(tf.sum(tf.mul(d, r!)), tf.sum(tf.mul(u, s!)));
  })([x, ...Object.values(parameters)]);
  results.dx = grads[0]!;
  for (const [index, name] of names.entries()) results[`grad.${name}`] = grads[index + 1]!;
  return results;
}

/** Numbers in official layout: weights as OIHW, activations as NCHW. */
function official(name: string, y: Tensor): Float32Array {
  if (name.startsWith('grad.')) return numbers(toOfficial(y));
  return y.rank === 4 ? numbersNchw(y) : numbers(y);
}
