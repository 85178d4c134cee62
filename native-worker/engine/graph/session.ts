import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Tensor } from '@tensorflow/tfjs-core';
import { backend } from '../binding.ts';
import { tf } from '../tensorflow.ts';
import { type GraphProgram, nodeNames, type Specs, type Tensors } from './program.ts';

/** The name of a node and what it is fed with. */
type Feed = readonly [string, Tensor];

/** Two 32-bit integers. */
type Seed = readonly [number, number];

/**
 * A recorded program with its state, ready to run: TensorFlow's session. The first run of a set of outputs takes a
 * second or more, because TensorFlow plans it then.
 */
export class GraphSession {
  readonly #backend = backend();
  readonly #program: GraphProgram;
  readonly #id: number;

  constructor(program: GraphProgram) {
    this.#program = program;
    // The binding loads graphs from a folder alone; once loaded the folder isn't needed.
    const folder = mkdtempSync(join(tmpdir(), 'edm2-graph-'));
    try {
      writeFileSync(join(folder, 'saved_model.pb'), program.model);
      this.#id = this.#backend.binding.loadSavedModel(folder, 'serve');
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }

  /**
   * Gives every state tensor its value. The tensors stay the caller's.
   *
   * @throws {Error} if one is missing, or has another shape or type than the program was recorded for
   */
  initialise(state: Tensors): void {
    tf.dispose(this.#fetch(feeds(this.#program.state, state, nodeNames.initial), [nodeNames.initialised]));
  }

  /** The state as it is now; the tensors belong to the caller. */
  read(names: readonly string[]): Record<string, Tensor> {
    const tensors = this.#fetch([], names.map(nodeNames.stored));
    return Object.fromEntries(names.map((name, index) => [name, tensors[index]!]));
  }

  /**
   * Runs one entry, with its updates of the state.
   *
   * @param inputs  stay the caller's
   * @param seed    seed of each purpose of random numbers
   * @param outputs which of the entry's outputs are wanted; what only others need isn't computed
   * @returns       tensors that belong to the caller
   * @throws {Error} if an input is missing, or has another shape or type than the program was recorded for
   */
  run(
    entry: string,
    inputs: Tensors,
    seed: (purpose: string) => Seed,
    outputs: readonly string[],
  ): Record<string, Tensor> {
    const names = this.#program.entries[entry];
    if (names === undefined) throw new Error(`the program has no entry ${entry}`);
    const fed = feeds(names.inputs, inputs, (name) => nodeNames.input(entry, name));
    const seeds = names.purposes.map(
      (purpose) => [nodeNames.seed(entry, purpose), tf.tensor1d([...seed(purpose)], 'int32')] as const,
    );
    try {
      const wanted = [...outputs.map((name) => nodeNames.output(entry, name)), nodeNames.done(entry)];
      const tensors = this.#fetch([...fed, ...seeds], wanted);
      tensors.pop()!.dispose();
      return Object.fromEntries(outputs.map((name, index) => [name, tensors[index]!]));
    } finally {
      for (const [, tensor] of seeds) tensor.dispose();
    }
  }

  close(): void {
    this.#backend.binding.deleteSavedModel(this.#id);
  }

  #fetch(feeds: readonly Feed[], fetches: readonly string[]): Tensor[] {
    const first = (name: string): string => `${name}:0`;
    const ids = this.#backend.getInputTensorIds(feeds.map(([, tensor]) => tensor));
    const inputs = feeds.map(([name]) => first(name)).join();
    const results = this.#backend.binding.runSavedModel(this.#id, ids, inputs, fetches.map(first).join());
    return results.map((info) => this.#backend.createOutputTensor(info));
  }
}

/** What is fed, by the names of the nodes. */
function feeds(specs: Specs, tensors: Tensors, node: (name: string) => string): Feed[] {
  return Object.entries(specs).map(([name, { shape, dtype }]) => {
    const tensor = tensors[name];
    if (tensor === undefined) throw new Error(`there is no tensor ${name} to feed`);
    if (tensor.dtype !== dtype || tensor.shape.join() !== shape.join()) {
      throw new Error(
        `${name} is fed as ${tensor.dtype} [${tensor.shape.join()}], but the program was recorded for ${dtype} [${shape.join()}]; ` +
          'a graph keeps its shapes: record it again for others',
      );
    }
    return [node(name), tensor];
  });
}
