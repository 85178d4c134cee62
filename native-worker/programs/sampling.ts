import type { Scalar, Tensor, Tensor1D, Tensor2D, Tensor4D } from '@tensorflow/tfjs-core';
import type { DataShape } from '../../contract/network.ts';
import { layerScope } from '../../contract/profile.ts';
import {
  addNoise,
  advance,
  beginSampling,
  disposeSampling,
  runStage,
  type Denoiser,
  type SamplerState,
  type Stage,
  type StageTensors,
} from '../edm2/sampling/sampler.ts';
import { float32, type Given, type ProgramSpec, type Specs, type Tensors } from '../engine/recording/program.ts';
import type { GraphSession, TracedRun } from '../engine/session/graph-session.ts';
import { numberOf, sizeOf, zerosOf, type HostTensor } from '../engine/session/host-tensor.ts';
import { tensorOf, type Fed } from '../engine/session/host.ts';
import { tf } from '../engine/tensorflow.ts';

/** Takes a batch of pictures from noise to pictures, stage by stage (`samplerSteps`). */
export interface BatchSampler {
  /**
   * Begins a batch. Nothing else may be asked for before it has, nor before a stage is over.
   *
   * @param noise  standard normal numbers, [n, R, R, channels]; stays the caller's
   * @param sigma  the first noise level
   * @param labels one-hot classes, [n, labelDim]; null: none. Stays the caller's
   */
  begin(noise: Tensor4D, sigma: number, labels: Tensor2D | null): Promise<void>;
  /** Adds fresh noise, as long as the batch, of the given standard deviation; before the first stage of a step. */
  addNoise(noise: Tensor4D, deviation: number): Promise<void>;
  runStage(stage: Stage): Promise<void>;
  /** The batch as it is after the last whole step, [n, R, R, channels]; the caller disposes it. */
  pictures(): Promise<Tensor4D>;
  dispose(): void;
}

/** What goes through the network at once. */
export interface DrawnBatch {
  /** Pictures on a device. */
  readonly count: number;
  /** Parts of them that are computed side by side (`sidesFor`); must divide their number. */
  readonly sides: number;
  /** Devices that each draw as many pictures (`onDevices`); default: 1. */
  readonly devices?: number;
}

/** A denoiser to which each call says the classes. */
export type ClassDenoiser = (x: Tensor4D, sigma: Tensor1D, labels: Tensor2D | null) => Tensor4D;

/** The denoiser of a batch's classes. @param sides parts that are computed side by side */
function sideBySide(denoise: ClassDenoiser, labels: Tensor2D | null, sides: number): Denoiser {
  if (sides === 1) return (x, sigma) => denoise(x, sigma, labels);
  const scope = layerScope('network', 'sides');
  return (x, sigma) => {
    const parts = tf.tidy(scope, () => tf.split<Tensor4D>(x, sides));
    const classes = labels && tf.tidy(scope, () => tf.split<Tensor2D>(labels, sides));
    const denoised = parts.map((part, side) => denoise(part, sigma, classes?.[side] ?? null));
    return tf.tidy(scope, () => tf.concat(denoised));
  };
}

/** Samples op by op: every kernel is called from JavaScript. */
export class EagerSampler implements BatchSampler {
  readonly #denoise: ClassDenoiser;
  readonly #onDispose: () => void;
  #state: SamplerState | null = null;
  #labels: Tensor2D | null = null;

  /**
   * @param denoise   what it needs must outlive the sampler
   * @param onDispose what to do when the sampler is no longer needed
   */
  constructor(denoise: ClassDenoiser, onDispose: () => void) {
    this.#denoise = denoise;
    this.#onDispose = onDispose;
  }

  begin(noise: Tensor4D, sigma: number, labels: Tensor2D | null): Promise<void> {
    this.#clear();
    this.#state = beginSampling(noise, sigma);
    this.#labels = labels === null ? null : labels.clone();
    return Promise.resolve();
  }

  addNoise(noise: Tensor4D, deviation: number): Promise<void> {
    const before = this.#now();
    this.#state = addNoise(before, noise, deviation);
    tf.dispose([before.start, before.at] as Tensor[]);
    return Promise.resolve();
  }

  runStage(stage: Stage): Promise<void> {
    this.#state = advance(sideBySide(this.#denoise, this.#labels, 1), this.#now(), stage);
    return Promise.resolve();
  }

  pictures(): Promise<Tensor4D> {
    return Promise.resolve(this.#now().start.clone());
  }

  dispose(): void {
    this.#clear();
    this.#onDispose();
  }

  #clear(): void {
    if (this.#state !== null) disposeSampling(this.#state);
    this.#labels?.dispose();
    this.#state = null;
    this.#labels = null;
  }

  #now(): SamplerState {
    if (this.#state === null) throw new Error('sampling has not begun');
    return this.#state;
  }
}

/** Names of the state that sampling needs beside the networks'; it stays in the session from stage to stage. */
const state = { start: 'sampler/start', at: 'sampler/at', slope: 'sampler/slope', labels: 'sampler/labels' } as const;

/**
 * Sampling as state and entries of a program. One entry evaluates the network, whatever the stage, so that there is one
 * graph to plan; noise levels and weights are fed as scalars, pictures and classes stay in the session.
 *
 * @param denoiser with what it needs from the program's state, and the program's casts
 */
export function samplingProgram(
  shape: DataShape,
  { count, sides }: DrawnBatch,
  denoiser: (state: Tensors, casts: Given['casts']) => ClassDenoiser,
): ProgramSpec {
  const pictures = float32(count, shape.resolution, shape.resolution, shape.channels);
  const labels: Specs = shape.labelDim > 0 ? { labels: float32(count, shape.labelDim) } : {};
  const stateOf = (all: Tensors): { start: Tensor4D; at: Tensor4D; slope: Tensor4D } => ({
    start: all[state.start] as Tensor4D,
    at: all[state.at] as Tensor4D,
    slope: all[state.slope] as Tensor4D,
  });
  const changed = (next: { start: Tensor; at: Tensor; slope: Tensor }): Tensors => ({
    [state.start]: next.start,
    [state.at]: next.at,
    [state.slope]: next.slope,
  });
  return {
    state: {
      [state.start]: pictures,
      [state.at]: pictures,
      [state.slope]: pictures,
      ...(labels.labels === undefined ? {} : { [state.labels]: labels.labels }),
    },
    entries: {
      'begin sampling': {
        inputs: { noise: pictures, sigma: float32(), ...labels },
        run: ({ inputs }) => ({
          outputs: {},
          state: {
            ...changed(beginSampling(inputs.noise as Tensor4D, inputs.sigma as Scalar)),
            ...(inputs.labels === undefined ? {} : { [state.labels]: inputs.labels }),
          },
        }),
      },
      'add noise': {
        inputs: { noise: pictures, deviation: float32() },
        run: ({ inputs, state: all }) => ({
          outputs: {},
          state: changed(addNoise(stateOf(all), inputs.noise as Tensor4D, inputs.deviation as Scalar)),
        }),
      },
      'run stage': {
        inputs: { sigma: float32(1), current: float32(), previous: float32(), last: float32() },
        run: ({ inputs, state: all, casts }) => {
          const classes = (all[state.labels] as Tensor2D | undefined) ?? null;
          const denoise = sideBySide(denoiser(all, casts), classes, sides);
          const stage: StageTensors = {
            sigma: inputs.sigma as Tensor1D,
            current: inputs.current as Scalar,
            previous: inputs.previous as Scalar,
            last: inputs.last as Scalar,
          };
          return { outputs: {}, state: changed(runStage(denoise, stateOf(all), stage)) };
        },
      },
      'hand over': { inputs: {}, run: ({ state: all }) => ({ outputs: { pictures: stateOf(all).start } }) },
    },
  };
}

/** What a state of `samplingProgram` is before a batch begins; undefined: it is none of that program. */
export function emptySampling(program: ProgramSpec, name: string): HostTensor | undefined {
  const known = (Object.values(state) as string[]).includes(name);
  return known ? zerosOf('float32', program.state[name]!.shape) : undefined;
}

/** Samples in a session whose program holds a `samplingProgram`. A batch smaller than the program's is filled up. */
export class SessionSampler implements BatchSampler {
  readonly #session: GraphSession;
  readonly #shape: DataShape;
  /** Pictures on a device, and devices. */
  readonly #count: number;
  readonly #devices: number;
  /** Parts of a batch that are computed side by side. */
  readonly sides: number;
  readonly #onDispose: () => void;
  /** Pictures of the current batch that were asked for. */
  #given = 0;

  /**
   * @param batch     as in the session's program
   * @param onDispose what to do when the sampler is no longer needed; the session is its owner's
   */
  constructor(session: GraphSession, shape: DataShape, batch: DrawnBatch, onDispose: () => void = () => undefined) {
    this.#session = session;
    this.#shape = shape;
    this.#count = batch.count;
    this.#devices = batch.devices ?? 1;
    this.sides = batch.sides;
    this.#onDispose = onDispose;
  }

  async begin(noise: Tensor4D, sigma: number, labels: Tensor2D | null): Promise<void> {
    this.#given = noise.shape[0];
    const { labelDim } = this.#shape;
    await this.#run('begin sampling', {
      noise: this.#shared(noise),
      sigma: this.#same(numberOf(sigma)),
      ...(labelDim > 0
        ? {
            labels: labels === null ? this.#same(zerosOf('float32', [this.#count, labelDim])) : this.#shared(labels),
          }
        : {}),
    });
  }

  async addNoise(noise: Tensor4D, deviation: number): Promise<void> {
    await this.#run('add noise', { noise: this.#shared(noise), deviation: this.#same(numberOf(deviation)) });
  }

  async runStage({ sigma, current, previous, last }: Stage): Promise<void> {
    await this.#run('run stage', {
      sigma: this.#same({ ...numberOf(sigma), shape: [1] }),
      current: this.#same(numberOf(current)),
      previous: this.#same(numberOf(previous)),
      last: this.#same(numberOf(last)),
    });
  }

  async pictures(): Promise<Tensor4D> {
    const drawn = await this.#run('hand over', {}, ['pictures']);
    return tf.tidy(() => {
      const all = tf.concat(drawn.map(({ pictures }) => tensorOf(pictures!) as Tensor4D));
      return tf.slice(all, 0, this.#given);
    });
  }

  /** Traces what `work` asks of the session. */
  trace(work: () => Promise<void>): Promise<readonly TracedRun[]> {
    return this.#session.trace(work);
  }

  dispose(): void {
    this.#onDispose();
  }

  /** As many as the program takes on each device, with zeros behind. */
  #shared(x: Tensor): Fed[] {
    const shape = [this.#count, ...x.shape.slice(1)];
    const size = sizeOf(shape);
    const values = x.dataSync<'float32'>();
    return Array.from({ length: this.#devices }, (_, device) => {
      const filled = zerosOf('float32', shape);
      filled.values.set(values.subarray(device * size, (device + 1) * size));
      return filled;
    });
  }

  /** The same on each device. */
  #same(host: Fed): Fed[] {
    return Array.from({ length: this.#devices }, () => host);
  }

  /** @param inputs by their names, one a device. @returns the outputs of each device */
  async #run(
    entry: string,
    inputs: Readonly<Record<string, readonly Fed[]>>,
    outputs: readonly string[] = [],
  ): Promise<Record<string, HostTensor>[]> {
    const parts = Array.from({ length: this.#devices }, (_, device) => ({
      inputs: Object.fromEntries(Object.entries(inputs).map(([name, each]) => [name, each[device]!])),
      ...{ outputs, first: 0 },
    }));
    return await this.#session.runTogether(entry, noSeed, parts);
  }
}

/** Noise is fed: each picture's comes from a seed of its own. */
function noSeed(purpose: string): never {
  throw new Error(`the sampler draws random numbers for ${purpose}`);
}
