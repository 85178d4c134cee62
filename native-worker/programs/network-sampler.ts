import type { Tensor, Tensor2D } from '@tensorflow/tfjs-core';
import type { Engine } from '../../contract/training.ts';
import { foldWeights } from '../edm2/fold.ts';
import { guided } from '../edm2/heun.ts';
import type { Denoiser } from '../edm2/heun.ts';
import { denoise, type Network } from '../edm2/precondition.ts';
import type { Buffers, Parameters } from '../edm2/types.ts';
import { backend } from '../engine/binding.ts';
import { float32, recordProgram, type Specs, type Tensors } from '../engine/graph/program.ts';
import { GraphSession } from '../engine/graph/session.ts';
import { tf } from '../engine/tensorflow.ts';
import { EagerSampler, type BatchSampler } from './batch-sampler.ts';
import { emptySampling, samplingProgram, SessionSampler } from './sampling.ts';

/** A network that draws, and one that guides it. */
export interface GuidedNetwork {
  readonly main: Network;
  /** D = D_guide + strength · (D_main − D_guide); null: none. */
  readonly guide: { readonly network: Network; readonly strength: number } | null;
}

/**
 * A sampler for a network, by a recorded graph or op by op.
 *
 * The graph keeps its own copy of the weights, folded (`foldWeights`); main network and guide are evaluated in one call.
 *
 * @param networks op by op they must outlive the sampler
 * @param count    pictures of a batch at most
 */
export function networkSampler(engine: Engine, networks: GuidedNetwork, count: number): BatchSampler {
  return engine === 'graph' ? graphSampler(networks, count) : new EagerSampler(denoiserOf(networks));
}

/** A session of its own, which ends with the sampler. */
function graphSampler({ main, guide }: GuidedNetwork, count: number): BatchSampler {
  const { shape } = main.plan;
  const folded = { main: foldWeights(main), guide: guide === null ? null : foldWeights(guide.network) };
  const weights = { ...flatten('main', folded.main), ...(folded.guide && flatten('guide', folded.guide)) };
  const sampling = samplingProgram(shape, count, (state, labels) => {
    const networks = {
      main: unflatten('main', folded.main, state),
      guide: guide && { network: unflatten('guide', folded.guide!, state), strength: guide.strength },
    };
    return denoiserOf(networks)(labels);
  });
  const program = { state: { ...sampling.state, ...specsOf(weights) }, entries: sampling.entries };
  const session = new GraphSession(recordProgram(program, backend().binding.TF_Version));
  const empty = emptySampling(sampling);
  session.initialise({ ...empty, ...weights });
  disposeAll(empty);
  disposeAll(folded.main.parameters);
  if (folded.guide !== null) disposeAll(folded.guide.parameters);
  return new SessionSampler(session, shape, count, () => session.close());
}

/** The guided denoiser; a guide without classes never hears of them. */
function denoiserOf({ main, guide }: GuidedNetwork): (labels: Tensor2D | null) => Denoiser {
  return (labels) => {
    const denoiser: Denoiser = (x, sigma) => denoise(main, x, sigma, labels);
    if (guide === null) return denoiser;
    const { network, strength } = guide;
    const guideLabels = network.plan.shape.labelDim > 0 ? labels : null;
    return guided(denoiser, (x, sigma) => denoise(network, x, sigma, guideLabels), strength);
  };
}

/** A network's tensors as state of a program. */
function flatten(prefix: string, { parameters, buffers }: Network): Record<string, Tensor> {
  return {
    ...Object.fromEntries(Object.entries(parameters).map(([name, tensor]) => [`${prefix}/${name}`, tensor])),
    ...Object.fromEntries(Object.entries(buffers).map(([name, tensor]) => [`${prefix}/buffer/${name}`, tensor])),
  };
}

/** The network of which `flatten` made this state; `like` gives plan and names. */
function unflatten(prefix: string, like: Network, state: Tensors): Network {
  const take = (names: readonly string[], folder: string): Parameters =>
    Object.fromEntries(names.map((name) => [name, state[`${folder}/${name}`]!]));
  return {
    plan: like.plan,
    parameters: take(Object.keys(like.parameters), prefix),
    buffers: take(Object.keys(like.buffers), `${prefix}/buffer`) as Buffers,
  };
}

function specsOf(tensors: Tensors): Specs {
  return Object.fromEntries(Object.entries(tensors).map(([name, { shape }]) => [name, float32(...shape)]));
}

function disposeAll(tensors: Tensors): void {
  tf.dispose(Object.values(tensors));
}
