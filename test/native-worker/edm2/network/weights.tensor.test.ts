import { expect, test } from 'vitest';
import { planNetwork } from '../../../../contract/architecture.ts';
import { rungNames, rungs } from '../../../../contract/ladder.ts';
import { findPreset, presets } from '../../../../contract/presets.ts';
import { upFilters } from '../../../../native-worker/edm2/network/resample.ts';
import { networkStacks, ready } from '../../../../native-worker/edm2/network/network.ts';
import { networkLayers } from '../../../../native-worker/edm2/network/precondition.ts';
import { stackUp, stacksOf, takeApart } from '../../../../native-worker/edm2/network/stacks.ts';
import { forceNormalize } from '../../../../native-worker/edm2/network/weights.ts';
import { tf } from '../../../../native-worker/engine/tensorflow.ts';
import { tinyNetwork, tinyPlan, type Tensor, type Tensor4D } from '../support.ts';

const shape = { resolution: 32, channels: 3, labelDim: 10 };

test.each(presets.map(({ name }) => name))('every parameter of preset %s is in one stack, of its own shape', (name) => {
  const plan = planNetwork(findPreset(name)!.config.network, { ...shape, resolution: 64 });
  const stacks = networkStacks(plan);
  const members = stacks.flatMap(({ members }) => members);
  expect([...members].sort()).toEqual(plan.parameters.map(({ name }) => name).sort());
  expect(new Set(stacks.map(({ name }) => name)).size).toBe(stacks.length);
  for (const { members, shape } of stacks) {
    const size = shape.reduce((product, dimension) => product * dimension, 1);
    expect(members.length === 1 || members.length * size <= 2 ** 19, members[0]).toBe(true);
  }
});

test('parameters that are used in different ways are in different stacks, whatever their shape', () => {
  const layer = { name: 'a', kind: 'conv' } as const;
  const shapes = ['a.weight', 'b.weight', 'c.weight', 'd.weight', 'e.gain'].map(
    (name) => [name, name === 'e.gain' ? [] : [1, 1, 8, 24]] as const,
  );
  const kinds = [layer, { name: 'b', kind: 'qkv' }, { name: 'c', kind: 'conv', gain: 'e.gain' }] as const;
  const stacks = stacksOf(shapes, [...kinds, { name: 'd', kind: 'conv' }]);
  expect(stacks.map(({ members }) => members)).toEqual([
    ['a.weight', 'd.weight'],
    ['b.weight'],
    ['c.weight'],
    ['e.gain'],
  ]);
});

/** What a stored weight becomes, by the formulas of LADDER, one by one. */
function plainly(w: Tensor, normalised: boolean, factor: number): Tensor {
  const axes = Array.from({ length: w.rank - 1 }, (_, axis) => axis);
  const fanIn = w.size / w.shape.at(-1)!;
  const norm = tf.sqrt(tf.sum(tf.square(w), axes, true));
  const unit = normalised ? tf.div(w, tf.add(norm, 1e-4 * Math.sqrt(fanIn))) : w;
  return tf.mul(unit, factor);
}

/** Largest difference, relative to the largest number if that isn't 0. */
function difference(a: Tensor, b: Tensor): number {
  const [apart, size] = [tf.max(tf.abs(tf.sub(a, b))), tf.max(tf.abs(b))].map((x) => x.dataSync()[0]!) as [
    number,
    number,
  ];
  return size === 0 ? apart : apart / size;
}

test.each(rungNames)('weights of config %s are used as the formula says, each by itself', (rung) => {
  const network = tinyNetwork(tinyPlan({ switches: rungs[rung].switches }));
  const { inUse } = ready(network);
  const normalised = rungs[rung].switches.weightNorm !== 'none';
  const layers = networkLayers(network.plan).filter(({ name }) => network.parameters[`${name}.weight`] !== undefined);
  for (const { name, kind, gain = '', inputScale = 1, outputScale = 1 } of layers) {
    const learned = network.parameters[gain]?.dataSync()[0] ?? 1;
    const factor = inputScale * outputScale * learned;
    let expected = plainly(network.parameters[`${name}.weight`]!, normalised, factor);
    if (kind === 'up') expected = upFilters(expected as Tensor4D);
    if (kind === 'qkv') {
      const [width, cin] = [expected.shape.at(-1)!, expected.shape.at(-2)!];
      const order = Array.from({ length: width }, (_, at) => (at % (width / 3)) * 3 + Math.floor(at / (width / 3)));
      expected = tf.gather(tf.reshape(expected, [cin, width]), tf.tensor1d(order, 'int32'), 1);
    }
    const used = inUse[`${name}.weight`]!;
    expect(difference(used, tf.reshape(expected, used.shape)), name).toBeLessThan(1e-6);
    const bias = network.parameters[`${name}.bias`];
    if (bias !== undefined && kind !== 'qkv') {
      expect(difference(inUse[`${name}.bias`]!, tf.mul(bias, outputScale)), name).toBeLessThan(1e-6);
    }
  }
  const owned = layers.flatMap(({ name }) => [`${name}.weight`, `${name}.bias`]);
  const known = new Set([
    ...owned,
    ...network.plan.parameters.filter(({ role }) => /scale|shift/.test(role)).map(({ name }) => name),
  ]);
  expect(Object.keys(inUse).filter((name) => !known.has(name))).toEqual([]);
});

test('what goes through stacks comes back as it was, and forcing acts on each weight by itself', () => {
  const { plan, parameters } = tinyNetwork();
  const stacks = networkStacks(plan);
  const stacked = stackUp(stacks, parameters);
  const back = takeApart(stacks, stacked);
  const forced = takeApart(stacks, forceNormalize(stacks, stacked));
  for (const { name, role } of plan.parameters) {
    expect(difference(back[name]!, tf.add(parameters[name]!, 0)), name).toBe(0);
    const w = parameters[name]!;
    const root = Math.sqrt(w.size / (w.shape.at(-1) ?? 1));
    const expected = role === 'weight' ? plainly(w, true, root) : w;
    expect(difference(forced[name]!, expected), name).toBeLessThan(1e-6);
  }
});

test('a network is evaluated by what its weights were when it was made ready', () => {
  const network = tinyNetwork();
  const { inUse } = ready(network);
  const before = inUse['unet.out_conv.weight']!.dataSync();
  expect(before.some((value) => value !== 0)).toBe(true);
  expect(inUse['unet.out_gain']).toBeUndefined();
  const still = ready({ ...network, parameters: { ...network.parameters, 'unet.out_gain': tf.scalar(0) } }).inUse;
  expect([...still['unet.out_conv.weight']!.dataSync()].every((value) => Math.abs(value) === 0)).toBe(true);
});
