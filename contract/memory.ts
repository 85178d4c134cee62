import { countParameters } from './architecture.ts';
import { imagesAtOnce } from './micro-batch.ts';
import { isFloat32 } from './precision.ts';
import type { BlockPlan, NetworkPlan } from './plan.ts';
import type { TrainingConfig } from './training.ts';

/** Bytes of a number in float32, in which all state is. */
const FLOAT32 = 4;

/**
 * Bytes of a number of the activations, on average, in reduced precision on a CPU, which keeps much of it in float32:
 * measured with 64 channels in bfloat16. A GPU keeps 2 of nearly all.
 */
const REDUCED = 3.6;

/**
 * What a process holds beside its network; and how many values of the size of the weights come and go within a step: forced
 * weights, gradients on their way, what Adam and the averages compute with. Both from the peaks of processes on a CPU that
 * took steps of the presets demo, small (32×32) and XS (64×64) in micro-batches of three sizes each.
 */
const RUNTIME = 560e6;
const PASSING = 3;

/** The same on a step whose tick is logged: what Adam left, forced as the next step forces it, beside what it went on from. */
const MEASURED = 1;

/** An estimate, in bytes, of what training takes at its peak. */
export interface MemoryEstimate {
  readonly weights: number;
  readonly gradients: number;
  /** Adam's two moments. */
  readonly moments: number;
  readonly averages: number;
  /** What the backward pass needs of the forward pass, for the pictures that go through the network at once. */
  readonly activations: number;
  /** Of one picture. */
  readonly activationsPerImage: number;
  /** Values that come and go within a step. */
  readonly workspace: number;
  /** TensorFlow and Node. */
  readonly runtime: number;
  readonly total: number;
  /** A second state, which is held while a checkpoint is written beside training. Where it doesn't fit, training waits. */
  readonly whileWriting: number;
}

/**
 * Estimates the memory of a training step on one device, or on parts of the processor that share the machine's memory, of
 * which only the first keeps averages. State follows from the number of parameters; activations are counted as the
 * tensors that the functions' gradients need, which is what a recorded graph keeps. Measured peaks were within 15 % of it;
 * op by op it is two to three times as much.
 *
 * @param training of one device (`shareOf`)
 * @param parts    of the processor
 */
export function estimateMemory(
  plan: NetworkPlan,
  training: Pick<TrainingConfig, 'batchSize' | 'microBatch' | 'sigmaRels'> & Partial<Pick<TrainingConfig, 'precision'>>,
  parts = 1,
): MemoryEstimate {
  const weights = parts * countParameters(plan).total * FLOAT32;
  const bytes = isFloat32(training.precision ?? 'fp32') ? FLOAT32 : REDUCED;
  const activationsPerImage = keptElements(plan) * bytes;
  const activations = parts * activationsPerImage * imagesAtOnce(training);
  const [gradients, moments] = [weights, 2 * weights];
  const averages = (training.sigmaRels.length * weights) / parts;
  const workspace = (PASSING + MEASURED) * weights;
  const total = weights + gradients + moments + averages + activations + workspace + RUNTIME;
  return {
    weights,
    gradients,
    moments,
    averages,
    activations,
    activationsPerImage,
    workspace,
    runtime: RUNTIME,
    total,
    whileWriting: (weights + moments) / parts + averages,
  };
}

/** Numbers of one picture's forward pass that the backward pass reads. */
function keptElements(plan: NetworkPlan): number {
  const [input, ...encoder] = plan.encoder;
  const blocks = [...encoder, ...plan.decoder];
  const pixels = plan.shape.resolution ** 2;
  const ends = pixels * (input.inChannels + input.outChannels + 3 * plan.shape.channels);
  return blocks.reduce((sum, block) => sum + keptOfBlock(plan, block), ends);
}

/**
 * Of one block: the input of each convolution and norm, of each activation its result, what modulation
 * multiplies, the sum; of attention queries, keys and values before and after normalisation, the weights, the mixture.
 */
function keptOfBlock({ config }: NetworkPlan, block: BlockPlan): number {
  const { flavor, inChannels, outChannels, heads, resample } = block;
  const pixels = block.resolution ** 2;
  const pixelNorms = config.switches.groupNorm === 'none';
  const before = pixels * (resample === 'down' ? 4 : resample === 'up' ? 1 / 4 : 1);
  const branch = flavor === 'enc' && pixelNorms ? outChannels : inChannels;
  const first = (pixelNorms ? 2 * pixels : 3 * before) * branch; // activation, and the norm's result
  const second = (pixelNorms ? 3 : 4) * pixels * outChannels; // conv, modulated, activation, (norm)
  const main = pixels * ((flavor === 'enc' && pixelNorms ? 2 : 1) * outChannels) + before * inChannels;
  const attention = heads > 0 ? 8 * pixels * outChannels + heads * pixels ** 2 : 0;
  const dropout = config.dropout > 0 ? pixels * outChannels : 0;
  return first + second + main + attention + dropout;
}
