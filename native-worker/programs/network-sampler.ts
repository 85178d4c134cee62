import type { Tensor } from '@tensorflow/tfjs-core';
import type { NetworkPlan } from '../../contract/architecture.ts';
import { checkEngine, type Precision } from '../../contract/precision.ts';
import type { Engine } from '../../contract/training.ts';
import { ready, type Network } from '../edm2/network/network.ts';
import { denoise, networkLayers, type ForwardOptions, type ReadyNetwork } from '../edm2/network/precondition.ts';
import { guided, type Denoiser } from '../edm2/sampling/sampler.ts';
import { precisionOf } from '../edm2/tensors/precision.ts';
import type { Buffers, Parameters } from '../edm2/tensors/types.ts';
import { float32, recordProgram, type Specs, type Tensors } from '../engine/recording/program.ts';
import { GraphSession } from '../engine/session/graph-session.ts';
import { reducedTypeOf } from '../engine/precision.ts';
import { onDevices } from '../engine/recording/towers.ts';
import { checkDevices, deviceNames, executionOf, executionOn } from '../engine/sides.ts';
import { tf } from '../engine/tensorflow.ts';
import {
  EagerSampler,
  emptySampling,
  samplingProgram,
  SessionSampler,
  type BatchSampler,
  type ClassDenoiser,
} from './sampling.ts';

/** A network that draws, and one that guides it. */
export interface GuidedNetwork<N extends { readonly plan: NetworkPlan } = Network> {
  readonly main: N;
  /** D = D_guide + strength · (D_main − D_guide); null: none. */
  readonly guide: { readonly network: N; readonly strength: number } | null;
}

/**
 * A sampler for a network, by a recorded graph or op by op. It has weights of its own, made ready once: sampling does not
 * change them. Main network and guide are evaluated in one call of the graph.
 *
 * @param networks op by op their buffers must outlive the sampler
 * @param count     pictures of a batch at most
 * @param precision of the networks' activations
 * @param devices   that share each batch
 * @throws {AppError} 'invalid-input' for a reduced precision op by op
 */
export async function networkSampler(
  engine: Engine,
  networks: GuidedNetwork,
  count: number,
  precision: Precision = 'fp32',
  devices = 1,
): Promise<BatchSampler> {
  checkEngine(precision, engine);
  if (engine === 'graph') return await graphSampler(networks, count, precision, devices);
  const used = readyBoth(networks);
  return new EagerSampler(denoiserOf(used), () => disposeBoth(used));
}

/** `networkSampler` by a recorded graph, in a session of its own, which ends with the sampler. */
export async function graphSampler(
  networks: GuidedNetwork,
  count: number,
  precision: Precision,
  devices = 1,
): Promise<SessionSampler> {
  const used = readyBoth(networks);
  try {
    return await readySampler(used, count, precision, devices);
  } finally {
    disposeBoth(used);
  }
}

function readyBoth({ main, guide }: GuidedNetwork): GuidedNetwork<ReadyNetwork> {
  return { main: ready(main), guide: guide && { network: ready(guide.network), strength: guide.strength } };
}

function disposeBoth({ main, guide }: GuidedNetwork<ReadyNetwork>): void {
  disposeAll(main.inUse);
  if (guide !== null) disposeAll(guide.network.inUse);
}

async function readySampler(
  { main, guide }: GuidedNetwork<ReadyNetwork>,
  count: number,
  precision: Precision,
  devices: number,
): Promise<SessionSampler> {
  const { shape } = main.plan;
  const kept = { ...flatten('main', main), ...(guide && flatten('guide', guide.network)) };
  const share = Math.ceil(count / devices);
  const { sides, compiled, session: options } = devices === 1 ? executionOf(share) : executionOn(devices);
  const batch = { count: share, sides, devices };
  const sampling = samplingProgram(shape, batch, (state, casts) => {
    const inSession = {
      main: unflatten('main', main, state),
      guide: guide && { network: unflatten('guide', guide.network, state), strength: guide.strength },
    };
    return denoiserOf(inSession, { precision: precisionOf(precision, casts) });
  });
  const spec = {
    state: { ...sampling.state, ...specsOf('main', main), ...(guide && specsOf('guide', guide.network)) },
    entries: sampling.entries,
    reduced: reducedTypeOf(precision),
    compiled,
  };
  const program = recordProgram(spec);
  const session = new GraphSession(
    devices === 1 ? program : onDevices(program, program, deviceNames([devices])),
    options,
  );
  try {
    await checkDevices(session, deviceNames([devices]));
    await session.initialise((name) => emptySampling(sampling, name) ?? kept[name]!);
  } catch (error) {
    session.close();
    throw error;
  }
  return new SessionSampler(session, shape, batch, () => session.close());
}

/** The guided denoiser; a guide without classes never hears of them. */
function denoiserOf({ main, guide }: GuidedNetwork<ReadyNetwork>, options: ForwardOptions = {}): ClassDenoiser {
  if (guide === null) return (x, sigma, labels) => denoise(main, x, sigma, labels, options);
  const { network, strength } = guide;
  return (x, sigma, labels) => {
    const guideLabels = network.plan.shape.labelDim > 0 ? labels : null;
    const drawn: Denoiser = (at, level) => denoise(main, at, level, labels, options);
    return guided(drawn, (at, level) => denoise(network, at, level, guideLabels, options), strength)(x, sigma);
  };
}

const groups = ['inUse', 'buffers'] as const;

/** A network's tensors as state of a program. */
function flatten(prefix: string, network: ReadyNetwork): Record<string, Tensor> {
  const named = groups.flatMap((group) =>
    Object.entries(network[group]).map(([name, tensor]): [string, Tensor] => [`${prefix}/${group}/${name}`, tensor]),
  );
  return Object.fromEntries(named);
}

/** The network of which `flatten` made this state; `like` gives plan and names. */
function unflatten(prefix: string, like: ReadyNetwork, state: Tensors): ReadyNetwork {
  const [inUse, buffers] = groups.map((group) =>
    Object.fromEntries(Object.keys(like[group]).map((name) => [name, state[`${prefix}/${group}/${name}`]!])),
  ) as [Parameters, Buffers];
  return { plan: like.plan, inUse, buffers };
}

/** Filters are kept in the precision in which they are used; everything else is used in float32. */
function specsOf(prefix: string, network: ReadyNetwork): Specs {
  const layers = networkLayers(network.plan).filter(({ kind }) => kind !== 'linear');
  const filters = new Set(layers.map(({ name }) => `${prefix}/inUse/${name}.weight`));
  return Object.fromEntries(
    Object.entries(flatten(prefix, network)).map(([name, { shape }]) => [
      name,
      { ...float32(...shape), reduced: filters.has(name) },
    ]),
  );
}

function disposeAll(tensors: Tensors): void {
  tf.dispose(Object.values(tensors));
}
