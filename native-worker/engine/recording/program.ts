import type { Tensor } from '@tensorflow/tfjs-core';
import { tf } from '../tensorflow.ts';
import { attr, GraphBuilder, graphVersions } from './builder.ts';
import { Collectives } from './collectives.ts';
import { compiledGraph, type Region } from './compiled.ts';
import { DataType } from '../proto/tensorflow_pb.js';
import { Layers } from './layers.ts';
import type { Reduced } from './mixed-types.ts';
import { nodeNames, type DrawNames } from './names.ts';
import { Recorder } from './recorder.ts';
import { RandomNumbers } from './random-numbers.ts';
import { asFed, type Specs, type TensorSpec } from './specs.ts';
import { Variables } from './variables.ts';

export type { Specs, TensorSpec } from './specs.ts';

/** A tensor of 32-bit floating-point numbers; no dimensions: a scalar. */
export function float32(...shape: number[]): TensorSpec {
  return { shape, dtype: 'float32' };
}

export type Tensors = Readonly<Record<string, Tensor>>;

/** What a program works with while it is recorded: tensors that stand for what will be fed or kept. */
export interface Given {
  readonly inputs: Tensors;
  readonly state: Tensors;
  /** Random numbers whose seed is fed at each run, one seed a purpose; of a part those of its rows (`Entry.partOf`). */
  readonly random: {
    normal(shape: readonly number[], purpose: string): Tensor;
    uniform(shape: readonly number[], purpose: string): Tensor;
  };
  /** Updates of state that TensorFlow does in place. */
  readonly inPlace: Pick<Variables, 'adam' | 'add' | 'approach' | 'clear'>;
  /** To the reduced type of the program, if it has one, and back; to tfjs the results are float32. */
  readonly casts: Pick<Recorder, 'reduce' | 'restore'>;
  /** Tensors of float32, added up over all devices that run the program (`ProgramSpec.devices`). */
  readonly sumOverDevices: (tensors: Tensors) => Tensors;
}

/** One thing that a graph can do. State that it doesn't return stays as it is. */
export interface Entry {
  readonly inputs: Specs;
  /**
   * The entry computes some rows of so many; which, is said at each run. Its random numbers, whose shapes begin with the
   * rows of a part, are cut out of what is drawn for all rows.
   */
  readonly partOf?: number;
  readonly run: (given: Given) => { readonly outputs: Tensors; readonly state?: Tensors };
}

export interface ProgramSpec {
  /** Tensors that live in the session from one run to the next. */
  readonly state: Specs;
  readonly entries: Readonly<Record<string, Entry>>;
  /** The type of what the program reduces; absent or null: everything is float32. */
  readonly reduced?: Reduced | null;
  /** Whether what each entry computes in the layers of a network is one function that XLA compiles; default: no. */
  readonly compiled?: boolean;
  /** How many devices run it together (`onDevices`); default: 1. */
  readonly devices?: number;
  /** Servers know a sum by its number, for all sessions that they ever have: the sums of another program there end with it. Default: 0. */
  readonly sumsAfter?: number;
}

/** A recorded program: a graph, and the names under which a session finds its parts. */
export interface GraphProgram {
  /** The bytes of a GraphDef. */
  readonly graph: Uint8Array;
  readonly state: Specs;
  readonly entries: Readonly<Record<string, EntryNames>>;
  /** Nodes of the graph; for people. */
  readonly nodes: number;
}

/** A program that several devices run together. State, entries and what is drawn are those of the first. */
export interface TowersProgram extends GraphProgram {
  /** What each other device runs, alone. */
  readonly others: GraphProgram;
  /** Devices. */
  readonly towers: number;
}

export interface EntryNames {
  readonly inputs: Specs;
  /** Random numbers by their purpose, in the order of first use. */
  readonly draws: readonly DrawNames[];
  readonly outputs: readonly string[];
}

const dataTypes: Readonly<Record<TensorSpec['dtype'], DataType>> = {
  float32: DataType.DT_FLOAT,
  int32: DataType.DT_INT32,
  uint8: DataType.DT_UINT8,
  bool: DataType.DT_BOOL,
};

/**
 * Records a tfjs program into one graph, without computing anything.
 *
 * @param spec the programs must be pure: same inputs, state and seeds, same results
 * @throws {AppError} 'internal' for a program that can't be recorded; the sentence says why
 */
export function recordProgram(spec: ProgramSpec): GraphProgram {
  const layers = new Layers();
  const builder = new GraphBuilder(() => layers.now());
  const recorder = new Recorder(builder, spec.reduced ?? null);
  const targets: string[] = [];
  const variables = new Variables(builder, recorder);
  const collectives = new Collectives(builder, recorder, spec.devices ?? 1, spec.sumsAfter ?? 0);
  for (const [name, { dtype, shape, reduced = false }] of Object.entries(spec.state)) {
    const types = { fed: dataTypes[dtype], kept: (reduced ? spec.reduced?.type : undefined) ?? dataTypes[dtype] };
    variables.declare(name, types, shape);
    targets.push(nodeNames.stored(name), nodeNames.assigned(name));
  }
  const entries: Record<string, EntryNames> = {};
  const regions: Region[] = [];
  for (const [name, entry] of Object.entries(spec.entries)) {
    const record = (): EntryNames => recordEntry({ builder, recorder, variables, collectives }, name, entry, targets);
    const { result, nodes } = builder.during(() => layers.during(record));
    entries[name] = result;
    regions.push({ name, nodes });
  }
  return {
    graph:
      spec.compiled === true
        ? compiledGraph(builder.reachable(targets), graphVersions, regions)
        : builder.graphDef(targets),
    state: asFed(spec.state),
    entries,
    nodes: builder.reachable(targets).length,
  };
}

/** What a program is recorded with. */
interface Recording {
  readonly builder: GraphBuilder;
  readonly recorder: Recorder;
  readonly variables: Variables;
  readonly collectives: Collectives;
}

function recordEntry(
  { builder, recorder, variables, collectives }: Recording,
  entry: string,
  { inputs, run, partOf }: Entry,
  targets: string[],
): EntryNames {
  const random = new RandomNumbers(builder, recorder, entry, partOf ?? null);
  variables.begin();
  collectives.begin();
  const outputs = recorder.run(() => {
    const results: string[] = [];
    tf.tidy(() => {
      const fed = Object.entries(inputs).map(([name, { dtype, shape }]) => {
        const value = builder.placeholder(nodeNames.input(entry, name), dataTypes[dtype], shape);
        targets.push(value.ref); // can be fed, whether used or not
        const given = dtype === 'uint8' ? builder.cast(value, DataType.DT_INT32) : builder.copy(value);
        return [name, recorder.tensor(given)] as const;
      });
      const { outputs, state } = run({
        inputs: Object.fromEntries(fed),
        state: variables.tensors(),
        random: {
          normal: (shape, purpose) => random.draw('StatelessRandomNormal', shape, purpose),
          uniform: (shape, purpose) => random.draw('StatelessRandomUniform', shape, purpose),
        },
        inPlace: variables,
        casts: { reduce: (x) => recorder.reduce(x), restore: (x) => recorder.restore(x) },
        sumOverDevices: (tensors) => collectives.sum(tensors),
      });
      for (const [name, tensor] of Object.entries(outputs)) {
        const { ref, dtype } = recorder.value(tensor);
        targets.push(builder.add('Identity', [ref], { T: attr.type(dtype) }, nodeNames.output(entry, name)));
        results.push(name);
      }
      for (const [name, tensor] of Object.entries(state ?? {})) variables.assign(name, tensor);
    });
    return results;
  });
  targets.push(after(builder, variables.updates, nodeNames.done(entry)));
  return { inputs: asFed(inputs), draws: random.draws(), outputs };
}

/** A node that does nothing and runs after others. */
function after(builder: GraphBuilder, nodes: readonly string[], name: string): string {
  return builder.add(
    'NoOp',
    nodes.map((node) => `^${node}`),
    {},
    name,
  );
}
