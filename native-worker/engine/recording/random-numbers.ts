import type { Tensor } from '@tensorflow/tfjs-core';
import { attr, type GraphBuilder, type Value } from './builder.ts';
import { nodeNames, type DrawNames } from './names.ts';
import { DataType } from '../proto/tensorflow_pb.js';
import type { Recorder } from './recorder.ts';

/** TensorFlow's ops that draw from a seed. */
type Op = 'StatelessRandomNormal' | 'StatelessRandomUniform';

/** TensorFlow's number of the algorithm, for the ops that are told. */
const PHILOX = 1;

/** Numbers that Philox draws at once. */
const AT_ONCE = 4;

/** XLA would draw other numbers from the same seed, so it leaves these ops alone. */
const drawn = { dtype: attr.type(DataType.DT_FLOAT), _XlaCompile: attr.bool(false) };

/** The random numbers of an entry while it is recorded. */
export class RandomNumbers {
  readonly #builder: GraphBuilder;
  readonly #recorder: Recorder;
  readonly #entry: string;
  readonly #whole: number | null;
  readonly #draws = new Map<string, DrawNames>();
  /** Placeholders, by their names. */
  readonly #fed = new Map<string, Value>();

  /** @param whole rows of which the entry computes a part; null: it is no part */
  constructor(builder: GraphBuilder, recorder: Recorder, entry: string, whole: number | null) {
    this.#builder = builder;
    this.#recorder = recorder;
    this.#entry = entry;
    this.#whole = whole;
  }

  draws(): DrawNames[] {
    return [...this.#draws.values()];
  }

  /** Numbers of a purpose; the same purpose gives the same numbers. */
  draw(op: Op, shape: readonly number[], purpose: string): Tensor {
    const [rows = 1, ...row] = shape;
    const rowSize = row.reduce((size, dimension) => size * dimension, 1);
    const fours = (rows * rowSize) % AT_ONCE === 0;
    const part = this.#whole === null ? 'none' : fours ? 'skip' : 'cut';
    this.#draws.set(purpose, { purpose, part, rowSize });
    return this.#recorder.tensor({ ref: this.#drawPart(op, part, shape, purpose), dtype: DataType.DT_FLOAT, shape });
  }

  #drawPart(op: Op, part: DrawNames['part'], shape: readonly number[], purpose: string): string {
    if (part === 'none') return this.#drawAll(op, shape, purpose);
    return part === 'skip' ? this.#skip(op, shape, purpose) : this.#cut(op, shape, purpose);
  }

  #drawAll(op: Op, shape: readonly number[], purpose: string): string {
    const seed = this.#placeholder(nodeNames.seed(this.#entry, purpose), DataType.DT_INT32, [2]);
    return this.#builder.add(op, [this.#builder.int32(shape).ref, seed.ref], {
      ...drawn,
      T: attr.type(DataType.DT_INT32),
      Tseed: attr.type(DataType.DT_INT32),
    });
  }

  /** Begins to draw where the part begins; it must begin and end at a multiple of four numbers. */
  #skip(op: Op, shape: readonly number[], purpose: string): string {
    const key = this.#words(nodeNames.key(this.#entry, purpose), 1);
    const counter = this.#words(nodeNames.counter(this.#entry, purpose), 2);
    const inputs = [this.#builder.int32(shape).ref, key, counter, this.#builder.int32([PHILOX], []).ref];
    return this.#builder.add(`${op}V2`, inputs, { ...drawn, Tshape: attr.type(DataType.DT_INT32) });
  }

  /** Draws for all rows and takes the part's. */
  #cut(op: Op, shape: readonly number[], purpose: string): string {
    const [rows = 1, ...row] = shape;
    const { rowSize } = this.#draws.get(purpose)!;
    const all = this.#drawAll(op, [this.#whole!, rowSize], purpose);
    const begin = this.#placeholder(nodeNames.begin(this.#entry), DataType.DT_INT32, [2]);
    const T = attr.type(DataType.DT_FLOAT);
    const cut = this.#builder.add('Slice', [all, begin.ref, this.#builder.int32([rows, rowSize]).ref], {
      T,
      Index: attr.type(DataType.DT_INT32),
    });
    if (row.length === 1) return cut;
    return this.#builder.add('Reshape', [cut, this.#builder.int32(shape).ref], {
      T,
      Tshape: attr.type(DataType.DT_INT32),
    });
  }

  /** 64-bit integers, fed as two words each. */
  #words(name: string, count: number): string {
    const words = this.#placeholder(name, DataType.DT_INT32, [count, 2]);
    const types = { T: attr.type(DataType.DT_INT32), type: attr.type(DataType.DT_UINT64) };
    return this.#builder.add('Bitcast', [words.ref], types);
  }

  #placeholder(name: string, dtype: DataType, shape: readonly number[]): Value {
    const known = this.#fed.get(name) ?? this.#builder.placeholder(name, dtype, shape);
    this.#fed.set(name, known);
    return known;
  }
}
