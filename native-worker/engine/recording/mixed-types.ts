import { attr, type GraphBuilder, outputOf, type Value } from './builder.ts';
import { type AttrValue, DataType } from '../proto/tensorflow_pb.js';
import type { ReducedType } from './round.ts';

/** In which type reduced tensors are, and what is not computed in it. */
export interface Reduced {
  readonly type: ReducedType;
  /** Ops that get and give float32 whatever they meet, by TensorFlow's names. */
  readonly inFloat32: readonly string[];
}

/** Ops whose output is exact in any floating type: it takes the type of what it meets, as constants do. */
const TYPELESS: ReadonlySet<string> = new Set(['Fill', 'ZerosLike']);

/** An op that cut a tensor in pieces. */
interface Split {
  /** The tensor and how it is cut. */
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  readonly attrs: Readonly<Record<string, AttrValue>>;
}

/**
 * Decides in which floating type each op is computed, and casts what it gets. TensorFlow's kernels want one type for
 * all floating inputs.
 *
 * A cast of a tensor is made once, however many ops want it.
 */
export class MixedTypes {
  readonly #builder: GraphBuilder;
  readonly #reduced: Reduced | null;
  /** What a tensor is in the other type. */
  readonly #casts = new Map<string, Value>();
  /** Tensors that take the type of what they meet. */
  readonly #typeless = new Set<string>();
  /** How the pieces of a tensor were cut out of it. */
  readonly #splits = new Map<string, Split>();

  /** @param reduced null: everything is float32 */
  constructor(builder: GraphBuilder, reduced: Reduced | null) {
    this.#builder = builder;
    this.#reduced = reduced;
  }

  /** A tensor in the reduced type; as it is if there is none, or if it is no floating tensor. */
  reduce(value: Value): Value {
    return this.#reduced === null ? value : this.#cast(value, this.#reduced.type);
  }

  /** A tensor in float32; as it is if it is no floating tensor. */
  restore(value: Value): Value {
    return this.#cast(value, DataType.DT_FLOAT);
  }

  /**
   * The inputs of an op, in one floating type: the reduced one if one of them is reduced, unless the op is to be
   * computed in float32. Constants and the like have no say.
   */
  agree(op: string, inputs: readonly Value[]): readonly Value[] {
    const { type, inFloat32 } = this.#reduced ?? {};
    if (type === undefined) return inputs;
    const meetsReduced = inputs.some(({ dtype, ref }) => dtype === type && !this.#typeless.has(ref));
    const agreed = meetsReduced && inFloat32?.includes(op) !== true ? type : DataType.DT_FLOAT;
    return inputs.map((input) => this.#cast(input, agreed));
  }

  /** Notes what came out of an op. */
  note(op: string, inputs: readonly Value[], outputs: readonly Value[], attrs: Record<string, AttrValue>): void {
    if (this.#reduced === null) return;
    const isMask = op === 'Cast' && inputs[0]!.dtype === DataType.DT_BOOL;
    if (isMask || TYPELESS.has(op)) for (const { ref } of outputs) this.#typeless.add(ref);
    if (op === 'SplitV') for (const { ref } of outputs) this.#splits.set(ref, { inputs, outputs, attrs });
  }

  #cast(value: Value, to: ReducedType | DataType.DT_FLOAT): Value {
    if (value.dtype === to || !isFloating(value.dtype)) return value;
    const known = this.#casts.get(value.ref);
    if (known !== undefined) return known;
    const split = this.#splits.get(value.ref);
    if (split !== undefined) {
      this.#castPieces(split, to);
      return this.#casts.get(value.ref)!;
    }
    return this.#noted(
      value,
      value.constant instanceof Float32Array && to !== DataType.DT_FLOAT
        ? this.#builder.rounded(to, value.shape, value.constant)
        : this.#castNode(value, to),
    );
  }

  /** Casts what was cut in pieces as a whole and cuts it again: one cast for all pieces, since others are wanted, too. */
  #castPieces({ inputs, outputs, attrs }: Split, to: ReducedType | DataType.DT_FLOAT): void {
    const [whole, ...howCut] = inputs;
    const source = this.#cast(whole!, to);
    const node = this.#builder.add(
      'SplitV',
      [source, ...howCut].map(({ ref }) => ref),
      { ...attrs, T: attr.type(to) },
    );
    outputs.forEach((output, index) => {
      this.#noted(output, { ...output, ref: outputOf(node, index), dtype: to });
    });
  }

  /** Remembers the cast of a value. */
  #noted(value: Value, cast: Value): Value {
    this.#casts.set(value.ref, cast);
    // What was widened loses nothing on the way back.
    if (cast.dtype === DataType.DT_FLOAT) this.#casts.set(cast.ref, value);
    return cast;
  }

  #castNode(value: Value, to: DataType): Value {
    const cast = this.#builder.cast(value, to);
    if (this.#typeless.has(value.ref)) this.#typeless.add(cast.ref);
    return cast;
  }
}

export function isFloating(dtype: DataType): boolean {
  return dtype === DataType.DT_FLOAT || dtype === DataType.DT_BFLOAT16 || dtype === DataType.DT_HALF;
}
