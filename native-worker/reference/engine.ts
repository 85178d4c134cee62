import type { Tensor } from '@tensorflow/tfjs-core';
import type { Engine as EngineName } from '../../contract/training.ts';
import { tensorsOf } from '../engine/session/host.ts';
import { recordProgram, type TensorSpec } from '../engine/recording/program.ts';
import { GraphSession } from '../engine/session/graph-session.ts';

export type { EngineName };

type Named = Readonly<Record<string, Tensor>>;

/** How the cases are computed: op by op, or as recorded graphs. */
export interface Engine {
  readonly name: EngineName;
  /** Runs a pure function of tensors. Large tensors must be among its inputs. */
  compute<I extends Named, O extends Named>(inputs: I, program: (inputs: I) => O): Promise<O>;
}

export const engines: Readonly<Record<EngineName, Engine>> = {
  eager: { name: 'eager', compute: (inputs, program) => Promise.resolve(program(inputs)) },
  graph: { name: 'graph', compute: computeRecorded },
};

async function computeRecorded<I extends Named, O extends Named>(inputs: I, program: (inputs: I) => O): Promise<O> {
  const specs = Object.entries(inputs).map(([name, { shape, dtype }]) => {
    return [name, { shape, dtype: dtype as TensorSpec['dtype'] }] as const;
  });
  const run = (given: { readonly inputs: Named }): { readonly outputs: Named } => {
    return { outputs: program(given.inputs as I) };
  };
  const entry = { inputs: Object.fromEntries(specs), run };
  const recorded = recordProgram({ state: {}, entries: { main: entry } });
  const session = new GraphSession(recorded);
  try {
    return tensorsOf(await session.run('main', inputs, drawsNothing, recorded.entries.main!.outputs)) as unknown as O;
  } finally {
    session.close();
  }
}

/** The cases give all random numbers themselves. */
export function drawsNothing(purpose: string): never {
  throw new Error(`a reference case draws no random numbers, but "${purpose}" was asked for`);
}
