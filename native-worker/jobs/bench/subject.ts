import { planNetwork } from '../../../contract/architecture.ts';
import type { BenchSubject, SubjectAcross } from '../../../contract/bench.ts';
import type { Devices } from '../../../contract/devices.ts';
import type { Precision } from '../../../contract/precision.ts';
import { oneHotRows } from '../../edm2/tensors/layout.ts';
import { randomSource } from '../../edm2/tensors/random.ts';
import type { Parameters } from '../../edm2/tensors/types.ts';
import { initialNetwork, initialSource } from '../../edm2/training/state.ts';
import { randomKernels } from '../../engine/random.ts';
import { tf } from '../../engine/tensorflow.ts';
import { graphSampler } from '../../programs/network-sampler.ts';
import type { SessionSampler } from '../../programs/sampling.ts';
import { Team } from '../machines/team.ts';
import type { PictureBatch } from '../training/batch.ts';
import { GraphTrainer } from '../training/graph-trainer.ts';

/** A network that begins to train on pictures of noise. */
export interface MeasuredTraining {
  readonly trainer: GraphTrainer;
  /** Takes the next step. */
  readonly step: () => Promise<void>;
}

export async function openTraining({ config, shape, devices = [], team }: SubjectAcross): Promise<MeasuredTraining> {
  const { training } = config;
  const plan = planNetwork(config.network, shape);
  const random = randomSource(randomKernels, training.seed, 0);
  const { batchSize } = training;
  const met = team && (await meet(devices, team, training.precision));
  const trainer = await GraphTrainer.open(
    {
      ...{ plan, training, grid: { average: 0, count: 1 } },
      devices: Math.max(1, devices.length),
      joined: met?.joined ?? null,
    },
    initialSource(plan, random),
  );
  const { resolution, channels, labelDim } = shape;
  const pixels = Uint8Array.from({ length: batchSize * resolution ** 2 * channels }, (_, at) => (at * 31) % 256);
  const classes = Array.from({ length: batchSize }, (_, index) => index % labelDim);
  const batch: PictureBatch = {
    images: { dtype: 'uint8', shape: [batchSize, resolution, resolution, channels], values: pixels },
    labels:
      labelDim === 0 ? null : { dtype: 'float32', shape: [batchSize, labelDim], values: oneHotRows(classes, labelDim) },
  };
  let nimg = 0;
  return {
    trainer,
    step: async () => {
      await trainer.step(nimg, batch, false);
      nimg += batchSize;
    },
  };
}

/** The other machines end with this process. */
async function meet(
  devices: Devices,
  { across, token }: NonNullable<SubjectAcross['team']>,
  precision: Precision,
): Promise<Team> {
  const plan = { devices, across, precision, tokenOf: () => token };
  const now = { waits: false, asked: () => false, log: () => Promise.resolve(), onWait: () => undefined };
  return (await Team.meet(plan, now))!;
}

/** A sampler of a network that begins to train, for `training.batchSize` pictures at once. */
export async function openSampler({ config, shape }: BenchSubject): Promise<SessionSampler> {
  const plan = planNetwork(config.network, shape);
  const { parameters, buffers } = initialNetwork(plan, randomSource(randomKernels, config.training.seed, 0));
  const network = { plan, parameters: trainedGains(parameters), buffers };
  const { batchSize, precision } = config.training;
  return await graphSampler({ main: network, guide: null }, batchSize, precision);
}

/** Gains begin at 0 and don't stay there; a graph that knew of zeros might leave out what they are multiplied with. */
function trainedGains(parameters: Parameters): Parameters {
  return Object.fromEntries(
    Object.entries(parameters).map(([name, tensor]) => [name, tensor.rank === 0 ? tf.fill([], 0.5) : tensor]),
  );
}

/** Classes of pictures, in turn; null each for a network without. */
export function classesInTurn(count: number, labelDim: number): (number | null)[] {
  return Array.from({ length: count }, (_, index) => (labelDim > 0 ? index % labelDim : null));
}
