import type { Tensor, Tensor2D } from '@tensorflow/tfjs-core';
import { checkEngine, type Precision } from '../../contract/precision.ts';
import type { Engine } from '../../contract/training.ts';
import { foldWeights, type FoldedNetwork } from '../edm2/sampling/fold.ts';
import { guided, type Denoiser } from '../edm2/sampling/sampler.ts';
import { denoise, type ForwardOptions, type Network } from '../edm2/network/precondition.ts';
import { precisionOf } from '../edm2/tensors/precision.ts';
import { preparedWeights } from '../edm2/network/prepared-weights.ts';
import type { Buffers, Parameters } from '../edm2/tensors/types.ts';
import { float32, recordProgram, type Specs, type Tensors } from '../engine/recording/program.ts';
import { GraphSession } from '../engine/session/graph-session.ts';
import { reducedTypeOf } from '../engine/precision.ts';
import { tf } from '../engine/tensorflow.ts';
import { EagerSampler, emptySampling, samplingProgram, SessionSampler, type BatchSampler } from './sampling.ts';

/** A network that draws, and one that guides it. */
export interface GuidedNetwork<N extends Network = Network> {
  readonly main: N;
  /** D = D_guide + strength · (D_main − D_guide); null: none. */
  readonly guide: { readonly network: N; readonly strength: number } | null;
}

/**
 * A sampler for a network, by a recorded graph or op by op.
 *
 * The graph keeps its own copy of the weights, folded (`foldWeights`); main network and guide are evaluated in one call.
 *
 * @param networks op by op they must outlive the sampler
 * @param count     pictures of a batch at most
 * @param precision of the networks' activations
 * @throws {AppError} 'invalid-input' for a reduced precision op by op
 */
export async function networkSampler(
  engine: Engine,
  networks: GuidedNetwork,
  count: number,
  precision: Precision = 'fp32',
): Promise<BatchSampler> {
  checkEngine(precision, engine);
  return engine === 'graph' ? await graphSampler(networks, count, precision) : new EagerSampler(denoiserOf(networks));
}

/** `networkSampler` by a recorded graph, in a session of its own, which ends with the sampler. */
export async function graphSampler(
  { main, guide }: GuidedNetwork,
  count: number,
  precision: Precision,
): Promise<SessionSampler> {
  const { shape } = main.plan;
  const folded = { main: foldWeights(main), guide: guide === null ? null : foldWeights(guide.network) };
  const kept = { ...flatten('main', folded.main), ...(folded.guide && flatten('guide', folded.guide)) };
  const sampling = samplingProgram(shape, count, (state, labels, casts) => {
    const inSession = {
      main: unflatten('main', folded.main, state),
      guide: guide && { network: unflatten('guide', folded.guide!, state), strength: guide.strength },
    };
    const policy = precisionOf(precision, casts);
    return denoiserOf(inSession, ({ weights }) => ({ weights: preparedWeights(weights), precision: policy }))(labels);
  });
  const program = {
    state: { ...sampling.state, ...specsOf(kept) },
    entries: sampling.entries,
    reduced: reducedTypeOf(precision),
  };
  const session = new GraphSession(recordProgram(program));
  try {
    await session.initialise((name) => emptySampling(sampling, name) ?? kept[name]!);
  } catch (error) {
    session.close();
    throw error;
  } finally {
    disposeAll(folded.main.weights);
    if (folded.guide !== null) disposeAll(folded.guide.weights);
  }
  return new SessionSampler(session, shape, count, () => session.close());
}

/**
 * The guided denoiser; a guide without classes never hears of them.
 *
 * @param options how a network is evaluated
 */
function denoiserOf<N extends Network>(
  { main, guide }: GuidedNetwork<N>,
  options: (network: N) => ForwardOptions = () => ({}),
): (labels: Tensor2D | null) => Denoiser {
  return (labels) => {
    const denoiser: Denoiser = (x, sigma) => denoise(main, x, sigma, labels, options(main));
    if (guide === null) return denoiser;
    const { network, strength } = guide;
    const guideLabels = network.plan.shape.labelDim > 0 ? labels : null;
    return guided(denoiser, (x, sigma) => denoise(network, x, sigma, guideLabels, options(network)), strength);
  };
}

const groups = ['weights', 'parameters', 'buffers'] as const;

/** A network's tensors as state of a program. */
function flatten(prefix: string, network: FoldedNetwork): Record<string, Tensor> {
  const named = groups.flatMap((group) =>
    Object.entries(network[group]).map(([name, tensor]): [string, Tensor] => [`${prefix}/${group}/${name}`, tensor]),
  );
  return Object.fromEntries(named);
}

/** The network of which `flatten` made this state; `like` gives plan and names. */
function unflatten(prefix: string, like: FoldedNetwork, state: Tensors): FoldedNetwork {
  const [weights, parameters, buffers] = groups.map((group) =>
    Object.fromEntries(Object.keys(like[group]).map((name) => [name, state[`${prefix}/${group}/${name}`]!])),
  ) as [Parameters, Parameters, Buffers];
  return { plan: like.plan, weights, parameters, buffers };
}

/** Filters are kept in the precision in which they are used; the weights of linear layers are used in float32. */
function specsOf(tensors: Tensors): Specs {
  return Object.fromEntries(
    Object.entries(tensors).map(([name, { shape }]) => [name, { ...float32(...shape), reduced: shape.length === 4 }]),
  );
}

function disposeAll(tensors: Tensors): void {
  tf.dispose(Object.values(tensors));
}
