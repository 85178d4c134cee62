import { fromBinary } from '@bufbuild/protobuf';
import { afterEach, expect, test } from 'vitest';
import type { Compilation } from '../../../../contract/compilation.ts';
import { layerScope } from '../../../../contract/profile.ts';
import type { TrainingConfig } from '../../../../contract/training.ts';
import { oneHot } from '../../../../native-worker/edm2/tensors/layout.ts';
import { randomSource } from '../../../../native-worker/edm2/tensors/random.ts';
import { initialSource } from '../../../../native-worker/edm2/training/state.ts';
import { GraphDefSchema } from '../../../../native-worker/engine/proto/tensorflow_pb.js';
import { randomKernels } from '../../../../native-worker/engine/random.ts';
import { float32, recordProgram } from '../../../../native-worker/engine/recording/program.ts';
import { GraphSession } from '../../../../native-worker/engine/session/graph-session.ts';
import { tf } from '../../../../native-worker/engine/tensorflow.ts';
import { GraphTrainer } from '../../../../native-worker/jobs/training/graph-trainer.ts';
import { networkSampler } from '../../../../native-worker/programs/network-sampler.ts';
import { stepDynamics } from '../../../../native-worker/programs/step-dynamics.ts';
import { stateNames } from '../../../../native-worker/programs/flat-state.ts';
import { pictureBatch } from '../../../support/picture-batch.ts';
import { normal, tinyNetwork, tinyPlan, tinyTraining, type Tensor4D } from '../../edm2/support.ts';

/** What XLA compiles computes what is computed without it, up to rounding; here on a processor. */

afterEach(() => delete process.env.EDM2_COMPILE);

/** Compiling takes time that grows with the network. */
const small = { modelChannels: 4, channelMult: [1], channelsPerHead: 4, numBlocks: 1, attnResolutions: [] };
const plan = tinyPlan({ ...small, dropout: 0.2 });
const weight = stateNames.parameter('unet.out_conv.weight');

/** Losses and a weight of some steps. */
async function trained(
  compile: Compilation,
  training: TrainingConfig,
): Promise<{ losses: number[]; measured: number[]; evaluated: number[]; weight: number[] }> {
  process.env.EDM2_COMPILE = compile;
  const source = initialSource(plan, randomSource(randomKernels, 3, 0));
  const trainer = await GraphTrainer.open({ plan, training, grid: { average: 0, count: 2 }, evaluated: 2 }, source);
  const { batchSize } = training;
  const batch = pictureBatch([batchSize, 8, 8, 3], 4);
  const losses: number[] = [];
  const measured: number[] = [];
  for (let step = 0; step < 3; step += 1) {
    const measure = step === 1; // an entry of its own
    const taken = await trainer.step(step * batchSize, batch, measure);
    losses.push(...taken!.perImage.loss);
    if (measure) measured.push(...stepDynamics(plan, taken!.measured!).flatMap(({ numbers }) => [...numbers]));
  }
  const evaluated: number[] = [];
  for (const network of ['raw', 0] as const) {
    const { perImage, forward, units } = await trainer.evaluate(
      network,
      {
        ...pictureBatch([2, 8, 8, 3], 4),
        sigma: { dtype: 'float32', shape: [2], values: Float32Array.of(0.5, 2) },
        noise: { dtype: 'float32', shape: [2, 8, 8, 3], values: normal([2, 8, 8, 3], 6).dataSync<'float32'>() },
      },
      true,
    );
    evaluated.push(...perImage.loss, ...perImage.error, ...forward, ...units);
  }
  const held = await trainer.hold([weight]);
  const { values } = held.take(weight);
  trainer.dispose();
  return { losses, measured, evaluated, weight: Array.from(values) };
}

function farthest(a: readonly number[], b: readonly number[]): number {
  const scale = Math.max(...b.map(Math.abs));
  return Math.max(...a.map((value, index) => Math.abs(value - b[index]!))) / scale;
}

test.each([
  ['network', 'a batch', {}],
  ['network', 'micro-batches', { microBatch: 2 }],
  ['clusters', 'a batch', {}],
] as const)('steps compiled as "%s" learn from %s what steps learn otherwise', async (compile, _words, part) => {
  const training = tinyTraining({ batchSize: 4, horizontalFlips: true, learningRate: 0.01, ...part });
  const plain = await trained('none', training);
  const compiled = await trained(compile, training);
  expect(compiled.losses).toHaveLength(12);
  expect(farthest(compiled.losses, plain.losses)).toBeLessThan(1e-4);
  expect(farthest(compiled.measured, plain.measured)).toBeLessThan(1e-4);
  expect(farthest(compiled.weight, plain.weight)).toBeLessThan(1e-4);
  expect(compiled.evaluated).toHaveLength(plain.evaluated.length);
  expect(farthest(compiled.evaluated, plain.evaluated)).toBeLessThan(1e-4);
});

test('what lies between two layers is compiled with them, and what comes before and after is not', async () => {
  const program = recordProgram({
    state: {},
    entries: {
      go: {
        inputs: { x: float32(4) },
        run: ({ inputs }) => {
          const before = tf.add(inputs.x!, 1);
          const first = tf.tidy(layerScope('network', 'first'), () => tf.square(before));
          const between = tf.sub(first, 0.5);
          const second = tf.tidy(layerScope('network', 'second'), () => tf.exp(tf.neg(between)));
          return { outputs: { y: tf.mul(tf.add(second, first), 2) } };
        },
      },
    },
    compiled: true,
  });
  const graph = fromBinary(GraphDefSchema, program.graph);
  const ops = graph.node.map(({ op }) => op);
  expect(ops).toEqual(expect.arrayContaining(['compiled_go', 'Mul']));
  for (const op of ['Square', 'Sub', 'Neg', 'Exp']) expect(ops).not.toContain(op);
  expect(ops.filter((op) => op.startsWith('Add'))).toHaveLength(2);
  const session = new GraphSession(program);
  const x = [-1.5, 0, 0.25, 1];
  const { y } = await session.run('go', { x: tf.tensor1d(x) }, () => [0, 0], ['y']);
  session.close();
  const values = x.map((value) => 2 * (Math.exp(0.5 - (value + 1) ** 2) + (value + 1) ** 2));
  expect(farthest([...y!.values], values)).toBeLessThan(1e-6);
});

test('a compiled network draws what it draws otherwise', async () => {
  const network = tinyNetwork(tinyPlan(small));
  const draw = async (compile: Compilation): Promise<number[]> => {
    process.env.EDM2_COMPILE = compile;
    const sampler = await networkSampler('graph', { main: network, guide: null }, 2);
    await sampler.begin(normal([2, 8, 8, 3], 5) as Tensor4D, 1, oneHot([1, 2], 4));
    await sampler.runStage({ sigma: 0.5, current: -0.5, previous: 0, last: 1 });
    const pictures = await sampler.pictures();
    sampler.dispose();
    return Array.from(pictures.dataSync());
  };
  expect(farthest(await draw('network'), await draw('none'))).toBeLessThan(1e-4);
});
