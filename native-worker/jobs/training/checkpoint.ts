import type { Tensor, Tensor1D } from '@tensorflow/tfjs-core';
import * as z from 'zod';
import type { NetworkPlan } from '../../../contract/architecture.ts';
import { AppError } from '../../../contract/errors.ts';
import { checkFile, fromFile } from '../../edm2/tensors/layout.ts';
import type { StateSource } from '../../edm2/training/state.ts';
import { perImageOf, perImageRows } from '../../edm2/tensors/types.ts';
import type { HeldTensors } from '../../engine/session/graph-session.ts';
import { stateNames } from '../../programs/flat-state.ts';
import { openVerified, writeSafetensors, type TensorToWrite, type WrittenFile } from '../../store/safetensors.ts';
import { readFloats, tensorsToWrite, type HeldTensor } from '../tensor-files.ts';
import type { PartialTick } from './tick.ts';

/** Raised whenever an older version could not read the file. */
const FORMAT = 'edm2-checkpoint/1';

/** A moment of a training run. With it and the whole state the run goes on as if it had never stopped. */
export interface Moment {
  readonly nimg: number;
  /** Seconds of training since the run began, pauses left out. */
  readonly trainSeconds: number;
  readonly tick: PartialTick;
}

/** A checkpoint file that was opened to be gone on from. Whoever opens it closes it. */
export interface OpenCheckpoint extends Moment {
  /** Its state; good until it is closed. */
  readonly source: StateSource;
  /** It was written when dropout masks were drawn for each micro-batch on its own. */
  readonly masksByMicroBatch: boolean;
  close(): void;
}

const WHOLE_BATCH = 'whole batch';

const Metadata = z.object({
  format: z.literal(FORMAT),
  nimg: z.coerce.number().int().nonnegative(),
  trainSeconds: z.coerce.number().nonnegative(),
  tickSeconds: z.coerce.number().nonnegative(),
  /** Of what dropout masks are drawn: of a whole batch; earlier versions, which don't say it, of a micro-batch. */
  masks: z.literal(WHOLE_BATCH).optional(),
});

/** Names in the file: the official ones, under what they belong to. `average` counts along `TrainingConfig.sigmaRels`. */
const PARAMETERS = 'parameters/';
const FIRST_MOMENTS = 'adam/first/';
const SECOND_MOMENTS = 'adam/second/';
const average = (index: number): string => `average/${index}/`;
const BUFFERS = 'buffers/';
/** What was told of the images since the last tick. Earlier versions kept their losses only. */
const TICK = { loss: 'tick/losses', error: 'tick/errors', sigma: 'tick/sigmas', u: 'tick/us' } as const;

/** All tensors of a state. @param averages how many the run keeps */
export function checkpointTensors({ parameters, buffers }: NetworkPlan, averages: number): HeldTensor[] {
  const each = (held: (name: string) => string, owner: string): HeldTensor[] =>
    parameters.map(({ name, shape }) => ({ held: held(name), name: `${owner}${name}`, shape }));
  return [
    ...each(stateNames.parameter, PARAMETERS),
    ...each(stateNames.first, FIRST_MOMENTS),
    ...each(stateNames.second, SECOND_MOMENTS),
    ...buffers.map(({ name, shape }) => ({ held: stateNames.buffer(name), name: `${BUFFERS}${name}`, shape })),
    ...Array.from({ length: averages }, (_, index) =>
      each((name) => stateNames.average(index, name), average(index)),
    ).flat(),
  ];
}

/**
 * Writes a checkpoint file durably, all tensors in float32.
 *
 * @param file    absolute path; its folder exists
 * @param runId   the run whose state it is
 * @param state   holds the `tensors`, which are taken
 * @param tensors `checkpointTensors`
 * @throws {AppError} 'no-space'
 */
export function writeCheckpoint(
  file: string,
  runId: number,
  { nimg, trainSeconds, tick }: Moment,
  state: HeldTensors,
  tensors: readonly HeldTensor[],
): Promise<WrittenFile> {
  const images = perImageRows.map((name): TensorToWrite => {
    const data = Float32Array.from(tick.images[name]);
    return { name: TICK[name], dtype: 'F32', shape: [data.length], data };
  });
  const written = [...images, ...tensorsToWrite(state, tensors)];
  return writeSafetensors(file, written, {
    format: FORMAT,
    kind: 'checkpoint',
    run: String(runId),
    nimg: String(nimg),
    trainSeconds: String(trainSeconds),
    tickSeconds: String(tick.seconds),
    masks: WHOLE_BATCH,
  });
}

/**
 * Opens a checkpoint file. Every byte is compared with what was written, and every number must be finite: a state that
 * holds others would go on to nothing.
 *
 * @param sha256   of the file, as its row says
 * @param plan     network of the run; every tensor must be there in its shape
 * @param averages how many averages the run keeps
 * @throws {AppError} 'not-found', 'corrupt-file', 'not-finite'
 */
export function openCheckpoint(file: string, sha256: string, plan: NetworkPlan, averages: number): OpenCheckpoint {
  const opened = openVerified(file, sha256);
  try {
    const metadata = Metadata.safeParse(opened.metadata);
    if (!metadata.success)
      throw new AppError('corrupt-file', `${file} is not a checkpoint that this version can read.`);
    const { nimg, trainSeconds, tickSeconds, masks } = metadata.data;
    const losses = [...opened.readAs(TICK.loss, 'F32')];
    const images = perImageOf((name) =>
      opened.tensors.has(TICK[name]) ? [...opened.readAs(TICK[name], 'F32')] : losses.map(() => NaN),
    );
    const shapes = new Map([...plan.parameters, ...plan.buffers].map(({ name, shape }) => [name, shape]));
    const owners = [
      PARAMETERS,
      FIRST_MOMENTS,
      SECOND_MOMENTS,
      ...Array.from({ length: averages }, (_, k) => average(k)),
    ];
    for (const { name } of plan.parameters) {
      for (const owner of owners) checkFile(name, shapes.get(name)!, readFloats(opened, `${owner}${name}`));
    }
    for (const { name, shape } of plan.buffers) checkFile(name, shape, readFloats(opened, `${BUFFERS}${name}`));
    const read = (owner: string, name: string): Tensor => {
      const shape = shapes.get(name)!;
      return fromFile(name, shape, { shape, data: opened.readAs(`${owner}${name}`, 'F32') });
    };
    return {
      nimg,
      trainSeconds,
      tick: { images, seconds: tickSeconds },
      source: {
        parameter: (name) => read(PARAMETERS, name),
        firstMoment: (name) => read(FIRST_MOMENTS, name),
        secondMoment: (name) => read(SECOND_MOMENTS, name),
        average: (index, name) => read(average(index), name),
        buffer: (name) => read(BUFFERS, name) as Tensor1D,
      },
      masksByMicroBatch: masks === undefined,
      close: () => opened.close(),
    };
  } catch (error) {
    opened.close();
    throw error;
  }
}
