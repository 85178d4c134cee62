import * as z from 'zod';
import { adamStep } from '../../edm2/training/adam.ts';
import { mpFourier } from '../../edm2/network/embedding.ts';
import { fromOfficial, toOfficial } from '../../edm2/tensors/layout.ts';
import { mpCat, mpSilu, mpSum } from '../../edm2/network/fixed-functions.ts';
import { learnedLayers, type Layer } from '../../edm2/network/layers.ts';
import { normalize } from '../../edm2/network/normalize.ts';
import { decodePixels, encodePixels } from '../../edm2/tensors/pixels.ts';
import { resample } from '../../edm2/network/resample.ts';
import { tf } from '../../engine/tensorflow.ts';
import { forced, usedByLayers } from '../parameters.ts';
import type { Runner } from '../runner.ts';
import { numbers, numbersNchw, pictures, tensor, withGradients } from '../tensors.ts';
import type { Tensor, Tensor1D, Tensor2D, Tensor4D } from '../tensors.ts';

type Values = Map<string, ArrayLike<number>>;

export const runNormalize: Runner = async (reference, engine) => {
  const { dims } = z
    .looseObject({ dims: z.record(z.string(), z.union([z.int(), z.string()])) })
    .parse(reference.config);
  const values: Values = new Map();
  for (const [name, dim] of Object.entries(dims)) {
    const x = tensor(reference, `x.${name}`);
    const axes = typeof dim === 'number' ? [dim] : x.shape.map((_, axis) => axis).slice(1);
    const { y, gradients } = await withGradients(engine, { x }, tensor(reference, `r.${name}`), (given) =>
      normalize(given.x, axes),
    );
    values.set(`y.${name}`, numbers(y)).set(`dx.${name}`, numbers(gradients.x));
  }
  return { values };
};

export const runResample: Runner = async (reference, engine) => {
  const { filter } = z.looseObject({ filter: z.array(z.number()) }).parse(reference.config);
  if (filter.join() !== '1,1') throw new Error(`the only resampling filter is [1, 1], not [${filter.join()}]`);
  const values: Values = new Map();
  const x = pictures(reference, 'x');
  for (const mode of ['keep', 'down', 'up'] as const) {
    const r = pictures(reference, `r.${mode}`);
    const { y, gradients } = await withGradients(engine, { x }, r, (given) =>
      tf.mul(resample(given.x as Tensor4D, mode), 1),
    );
    values.set(`y.${mode}`, numbersNchw(y)).set(`dx.${mode}`, numbersNchw(gradients.x));
  }
  return { values };
};

export const runMpSilu: Runner = async (reference, engine) => {
  const x = tensor(reference, 'x');
  const { y, gradients } = await withGradients(engine, { x }, tensor(reference, 'r'), (given) => mpSilu(given.x));
  return { values: new Map(Object.entries({ y: numbers(y), dx: numbers(gradients.x) })) };
};

const Balances = z.looseObject({ t: z.array(z.number()) });

export const runMpSum: Runner = async (reference, engine) => {
  const values: Values = new Map();
  const [a, b] = [tensor(reference, 'a'), tensor(reference, 'b')];
  for (const t of Balances.parse(reference.config).t) {
    const { y, gradients } = await withGradients(engine, { a, b }, tensor(reference, 'r'), (given) =>
      mpSum(given.a, given.b, t),
    );
    values.set(`y.t${t}`, numbers(y)).set(`da.t${t}`, numbers(gradients.a)).set(`db.t${t}`, numbers(gradients.b));
  }
  return { values };
};

export const runMpCat: Runner = async (reference, engine) => {
  const values: Values = new Map();
  const [a, b] = [pictures(reference, 'a'), pictures(reference, 'b')];
  for (const t of Balances.parse(reference.config).t) {
    const { y, gradients } = await withGradients(engine, { a, b }, pictures(reference, 'r'), (given) =>
      mpCat(given.a as Tensor4D, given.b as Tensor4D, t),
    );
    values
      .set(`y.t${t}`, numbersNchw(y))
      .set(`da.t${t}`, numbersNchw(gradients.a))
      .set(`db.t${t}`, numbersNchw(gradients.b));
  }
  return { values };
};

export const runFourier: Runner = async (reference, engine) => {
  const vector = (name: string): Tensor1D => tensor(reference, name) as Tensor1D;
  const inputs = { noise: vector('c_noise'), frequencies: vector('state_freqs'), phases: vector('state_phases') };
  const { y } = await engine.compute(inputs, ({ noise, frequencies, phases }) => ({
    y: mpFourier(noise, frequencies, phases),
  }));
  return { values: new Map([['y', numbers(y)]]) };
};

/** A layer with its weight as stored and after forced normalisation, with no gain (1) and with others (scalars). */
export const runMpConv: Runner = async (reference, engine) => {
  const { gains } = z.looseObject({ gains: z.array(z.number()) }).parse(reference.config);
  const values: Values = new Map();
  const stored = fromOfficial(tensor(reference, 'weight'));
  const isConv = stored.rank === 4;
  const load = (name: string): Tensor => (isConv ? pictures(reference, name) : tensor(reference, name));
  const store = (x: Tensor): Float32Array => (isConv ? numbersNchw(x) : numbers(x));
  const x = load('x');
  for (const mode of ['eval', 'train']) {
    const { weight } = await engine.compute({ stored }, (given) => ({
      weight: mode === 'train' ? forced({ 'layer.weight': given.stored })['layer.weight']! : given.stored,
    }));
    values.set(`weight_after.${mode}`, numbers(toOfficial(weight)));
    for (const number of gains) {
      const run = ({ x, weight, ...gain }: Record<string, Tensor>): Tensor => {
        const layer: Layer = { name: 'layer', kind: isConv ? 'conv' : 'linear', gain: 'gain' };
        const { conv, linear } = learnedLayers({ inUse: usedByLayers({ 'layer.weight': weight!, ...gain }, [layer]) });
        return isConv ? conv(layer, x as Tensor4D) : linear(layer, x as Tensor2D);
      };
      const inputs: Record<string, Tensor> = number === 1 ? { x, weight } : { x, weight, gain: tf.scalar(number) };
      const { y, gradients } = await withGradients(engine, inputs, load('r'), run);
      const suffix = `${mode}.gain${number}`;
      values.set(`y.${suffix}`, store(y)).set(`dx.${suffix}`, store(gradients.x!));
      values.set(`dweight.${suffix}`, numbers(toOfficial(gradients.weight!)));
      if (number !== 1) values.set(`dgain.${suffix}`, numbers(gradients.gain!));
    }
  }
  return { values };
};

export const runRgbEncoder: Runner = async (reference, engine) => {
  const inputs = { pixels: tensor(reference, 'pixels'), latents: tensor(reference, 'latents') };
  const { encoded, decoded } = await engine.compute(inputs, ({ pixels, latents }) => ({
    encoded: encodePixels(pixels),
    decoded: decodePixels(latents),
  }));
  return { values: new Map(Object.entries({ encoded: numbers(encoded), decoded: numbers(decoded) })) };
};

export const runAdam: Runner = async (reference, engine) => {
  const settings = z
    .looseObject({ betas: z.tuple([z.number(), z.number()]), eps: z.number(), lr: z.array(z.number()) })
    .parse(reference.config);
  const [adamBeta1, adamBeta2] = settings.betas;
  const value = tensor(reference, 'p0');
  let slot = { value, first: tf.zerosLike(value), second: tf.zerosLike(value) };
  const history = { p: [] as number[], m: [] as number[], v: [] as number[] };
  const gradients = tf.unstack(tensor(reference, 'g'));
  const hyper = { adamBeta1, adamBeta2, adamEps: settings.eps };
  for (const [step, learningRate] of settings.lr.entries()) {
    const scalars = {
      learningRate: tf.scalar(learningRate),
      firstCorrection: tf.scalar(1 / (1 - adamBeta1 ** (step + 1))),
      secondCorrection: tf.scalar(1 / Math.sqrt(1 - adamBeta2 ** (step + 1))),
    };
    slot = await engine.compute(
      { ...slot, ...scalars, gradient: gradients[step]! },
      ({ value, first, second, ...given }) => {
        return { ...adamStep({ value, first, second }, given.gradient, hyper, given) };
      },
    );
    history.p.push(...numbers(slot.value));
    history.m.push(...numbers(slot.first));
    history.v.push(...numbers(slot.second));
  }
  return { values: new Map(Object.entries(history)) };
};
