import type { Tensor } from '@tensorflow/tfjs-core';
import { backend } from '../engine/binding.ts';
import { recordProgram, type TensorSpec } from '../engine/graph/program.ts';
import { GraphSession } from '../engine/graph/session.ts';

/** How a case is computed: kernel by kernel, or as a recorded graph. */
export type EngineName = 'eager' | 'graph';

type Named = Readonly<Record<string, Tensor>>;
/** A pure function of tensors. Large tensors must be among its inputs. */
export type Program<I extends Named, O extends Named> = (inputs: I) => O;

export interface Engine {
  readonly name: EngineName;
  /** Prepares a program for inputs of the shapes of `example`, to be run more than once. */
  prepare<I extends Named, O extends Named>(example: I, program: Program<I, O>): Program<I, O>;
  /** Runs a program once. */
  compute<I extends Named, O extends Named>(inputs: I, program: Program<I, O>): O;
  /** Frees what `prepare` holds. */
  close(): void;
}

/** An engine for one case; close it afterwards. */
export function openEngine(name: EngineName): Engine {
  return name === 'graph' ? new GraphEngine() : eager;
}

const eager: Engine = {
  name: 'eager',
  prepare: (_example, program) => program,
  compute: (inputs, program) => program(inputs),
  close: () => undefined,
};

class GraphEngine implements Engine {
  readonly name = 'graph';
  readonly #sessions: GraphSession[] = [];

  prepare<I extends Named, O extends Named>(example: I, program: Program<I, O>): Program<I, O> {
    const specs = Object.entries(example).map(([name, { shape, dtype }]) => {
      return [name, { shape, dtype: dtype as TensorSpec['dtype'] }] as const;
    });
    const run = ({ inputs }: { readonly inputs: Named }): { readonly outputs: Named } => {
      return { outputs: program(inputs as I) };
    };
    const entry = { inputs: Object.fromEntries(specs), run };
    const recorded = recordProgram({ state: {}, entries: { main: entry } }, backend().binding.TF_Version);
    const session = new GraphSession(recorded);
    this.#sessions.push(session);
    const outputs = recorded.entries.main!.outputs;
    return (inputs) => session.run('main', inputs, drawsNothing, outputs) as unknown as O;
  }

  compute<I extends Named, O extends Named>(inputs: I, program: Program<I, O>): O {
    return this.prepare(inputs, program)(inputs);
  }

  close(): void {
    for (const session of this.#sessions) session.close();
  }
}

/** The cases give all random numbers themselves. */
export function drawsNothing(purpose: string): never {
  throw new Error(`a reference case draws no random numbers, but "${purpose}" was asked for`);
}
