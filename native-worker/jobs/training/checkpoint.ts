import * as z from 'zod';
import type { NetworkPlan } from '../../../contract/architecture.ts';
import { AppError } from '../../../contract/errors.ts';
import type { TrainState } from '../../edm2/types.ts';
import { tf } from '../../engine/tensorflow.ts';
import {
  openVerified,
  writeSafetensors,
  type SafetensorsFile,
  type TensorToWrite,
  type WrittenFile,
} from '../../store/safetensors.ts';
import { readBuffers, readParameters, tensorsToWrite } from '../tensor-files.ts';

/** Raised whenever an older version could not read the file. */
const FORMAT = 'edm2-checkpoint/1';

/** The whole state of a training run at one moment: with it the run goes on as if it had never stopped. */
export interface Checkpoint {
  readonly nimg: number;
  /** Seconds of training since the run began, pauses left out. */
  readonly trainSeconds: number;
  /** Losses of the images since the last tick, and the seconds that their steps took. */
  readonly tick: { readonly losses: readonly number[]; readonly seconds: number };
  readonly state: TrainState;
}

/** A checkpoint as it is read. */
export interface ReadCheckpoint extends Checkpoint {
  /** It was written when dropout masks were drawn for each micro-batch on its own. */
  readonly masksByMicroBatch: boolean;
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

/** Names in the file: the official ones, under what they belong to. `average` counts along `TrainingConfig.emaStds`. */
const PARAMETERS = 'parameters/';
const FIRST_MOMENTS = 'adam/first/';
const SECOND_MOMENTS = 'adam/second/';
const average = (index: number): string => `average/${index}/`;
const BUFFERS = 'buffers/';
const TICK_LOSSES = 'tick/losses';

/**
 * Writes a checkpoint file durably, all tensors in float32. Reading the state is a stop of the GPU.
 *
 * @param file  absolute path; its folder exists
 * @param runId the run whose state it is
 * @throws {AppError} 'no-space'
 */
export function writeCheckpoint(file: string, runId: number, checkpoint: Checkpoint): WrittenFile {
  const { state, tick } = checkpoint;
  const tensors: TensorToWrite[] = [
    ...tensorsToWrite(state.parameters, PARAMETERS),
    ...tensorsToWrite(state.firstMoments, FIRST_MOMENTS),
    ...tensorsToWrite(state.secondMoments, SECOND_MOMENTS),
    ...tensorsToWrite(state.buffers, BUFFERS),
  ];
  for (const [index, parameters] of state.averages.entries()) {
    tensors.push(...tensorsToWrite(parameters, average(index)));
  }
  const losses = Float32Array.from(tick.losses);
  tensors.push({ name: TICK_LOSSES, dtype: 'F32', shape: [losses.length], data: losses });
  return writeSafetensors(file, tensors, {
    format: FORMAT,
    kind: 'checkpoint',
    run: String(runId),
    nimg: String(checkpoint.nimg),
    trainSeconds: String(checkpoint.trainSeconds),
    tickSeconds: String(tick.seconds),
    masks: WHOLE_BATCH,
  });
}

/**
 * Reads a checkpoint file. Every byte is compared with what was written, and every number must be finite: a state that
 * holds others would go on to nothing.
 *
 * @param sha256   of the file, as its row says
 * @param plan     network of the run; every tensor must be there in its shape
 * @param averages how many averages the run keeps
 * @returns the state's tensors belong to the caller
 * @throws {AppError} 'not-found', 'corrupt-file', 'not-finite'
 */
export function readCheckpoint(file: string, sha256: string, plan: NetworkPlan, averages: number): ReadCheckpoint {
  const opened = openVerified(file, sha256);
  try {
    const metadata = Metadata.safeParse(opened.metadata);
    if (!metadata.success)
      throw new AppError('corrupt-file', `${file} is not a checkpoint that this version can read.`);
    const { nimg, trainSeconds, tickSeconds, masks } = metadata.data;
    const losses = [...opened.readAs(TICK_LOSSES, 'F32')];
    return {
      nimg,
      trainSeconds,
      tick: { losses, seconds: tickSeconds },
      state: readState(opened, plan, averages),
      masksByMicroBatch: masks === undefined,
    };
  } finally {
    opened.close();
  }
}

/** A file that turns out damaged half way leaves no tensors behind. */
function readState(file: SafetensorsFile, plan: NetworkPlan, averages: number): TrainState {
  return tf.tidy(() => ({
    parameters: readParameters(file, plan, PARAMETERS),
    firstMoments: readParameters(file, plan, FIRST_MOMENTS),
    secondMoments: readParameters(file, plan, SECOND_MOMENTS),
    averages: Array.from({ length: averages }, (_, index) => readParameters(file, plan, average(index))),
    buffers: readBuffers(file, plan, BUFFERS),
  }));
}
