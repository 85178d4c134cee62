import type { Tensor } from '@tensorflow/tfjs-core';
import { checkEngine, type Precision as PrecisionName } from '../../contract/precision.ts';
import type { Engine as EngineName } from '../../contract/training.ts';
import { fullPrecision, precisionOf, type Precision } from '../edm2/tensors/precision.ts';
import { reducedTypeOf } from '../engine/precision.ts';
import { tensorsOf } from '../engine/session/host.ts';
import { recordProgram, type Given, type TensorSpec } from '../engine/recording/program.ts';
import { GraphSession } from '../engine/session/graph-session.ts';
import { executionOf, type Execution } from '../engine/sides.ts';

export type { EngineName };

/** How the cases are computed, and in which precision their networks. */
export interface How {
  readonly engine: EngineName;
  /** Of the activations; other cases than networks and their training are float32 always. */
  readonly precision: PrecisionName;
}

type Named = Readonly<Record<string, Tensor>>;

/** Computes: op by op, or as recorded graphs. */
export interface Engine {
  readonly how: How;
  /** Runs a pure function of tensors. Large tensors must be among its inputs. */
  compute<I extends Named, O extends Named>(inputs: I, program: (inputs: I, precision: Precision) => O): Promise<O>;
}

/** @throws {AppError} 'invalid-input' for a reduced precision op by op */
export function engineOf(how: How): Engine {
  checkEngine(how.precision, how.engine);
  if (how.engine === 'eager')
    return { how, compute: (inputs, program) => Promise.resolve(program(inputs, fullPrecision)) };
  return { how, compute: (inputs, program) => computeRecorded(inputs, program, how.precision) };
}

async function computeRecorded<I extends Named, O extends Named>(
  inputs: I,
  program: (inputs: I, precision: Precision) => O,
  precision: PrecisionName,
): Promise<O> {
  const specs = Object.entries(inputs).map(([name, { shape, dtype }]) => {
    return [name, { shape, dtype: dtype as TensorSpec['dtype'] }] as const;
  });
  const run = (given: Given): { readonly outputs: Named } => {
    return { outputs: program(given.inputs as I, precisionOf(precision, given.casts)) };
  };
  const entry = { inputs: Object.fromEntries(specs), run };
  const { compiled, session: options } = ofOnePiece();
  const recorded = recordProgram({ state: {}, entries: { main: entry }, reduced: reducedTypeOf(precision), compiled });
  const session = new GraphSession(recorded, options);
  try {
    return tensorsOf(await session.run('main', inputs, drawsNothing, recorded.entries.main!.outputs)) as unknown as O;
  } finally {
    session.close();
  }
}

/** How graphs of cases are executed: as a run's are on a card, for a case's batch isn't cut in halves. */
export function ofOnePiece(): Execution {
  return executionOf(1);
}

/** The cases give all random numbers themselves. */
export function drawsNothing(purpose: string): never {
  throw new Error(`a reference case draws no random numbers, but "${purpose}" was asked for`);
}
