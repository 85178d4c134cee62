import { create, toBinary } from '@bufbuild/protobuf';
import {
  type AttrValue,
  AttrValueSchema,
  DataType,
  GraphDefSchema,
  type NodeDef,
  NodeDefSchema,
  type TensorShapeProto,
  TensorShapeProtoSchema,
  VersionDefSchema,
} from '../proto/tensorflow_pb.js';
import { type ReducedType, roundTo } from './round.ts';

/** What the graph knows of a tensor: where it comes from, its type and its whole shape. */
export interface Value {
  /** "node" or "node:2", as TensorFlow names the outputs of a node. */
  readonly ref: string;
  readonly dtype: DataType;
  readonly shape: readonly number[];
  /** Its numbers, where they are known when the graph is built. */
  readonly constant?: Float32Array | Int32Array | Uint8Array;
  /** The state that holds this value already. */
  readonly storedIn?: string;
}

/** Says of a node that it belongs to the layer of what it computes with. */
export const OF_INPUTS = Symbol('the layer of the inputs');

/** The layer of what is recorded now: its name, made of what TensorFlow allows in names; null: none. */
export type LayerNow = string | null | typeof OF_INPUTS;

/** Version of TensorFlow's graph format that is written; 2.21's. */
export const graphVersions = create(VersionDefSchema, { producer: 1882 });

export const attr = {
  type: (type: DataType): AttrValue => create(AttrValueSchema, { value: { case: 'type', value: type } }),
  types: (types: readonly DataType[]): AttrValue =>
    create(AttrValueSchema, { value: { case: 'list', value: { type: [...types] } } }),
  int: (value: number): AttrValue => create(AttrValueSchema, { value: { case: 'i', value: BigInt(value) } }),
  ints: (values: readonly number[]): AttrValue =>
    create(AttrValueSchema, { value: { case: 'list', value: { i: values.map(BigInt) } } }),
  float: (value: number): AttrValue => create(AttrValueSchema, { value: { case: 'f', value } }),
  bool: (value: boolean): AttrValue => create(AttrValueSchema, { value: { case: 'b', value } }),
  string: (value: string): AttrValue =>
    create(AttrValueSchema, { value: { case: 's', value: new TextEncoder().encode(value) } }),
  shape: (shape: readonly number[]): AttrValue =>
    create(AttrValueSchema, { value: { case: 'shape', value: shapeProto(shape) } }),
};

/** The reference of one of a node's outputs. */
export function outputOf(node: string, index: number): string {
  return index === 0 ? node : `${node}:${index}`;
}

/** The node of an input: "node" of "node:2" and of "^node". */
export function nodeOf(input: string): string {
  return input.replace(/^\^/, '').replace(/:\d+$/, '');
}

function shapeProto(shape: readonly number[]): TensorShapeProto {
  return create(TensorShapeProtoSchema, { dim: shape.map((size) => ({ size: BigInt(size) })) });
}

/** A TensorFlow graph under construction. Nodes are added in an order in which they could run. */
export class GraphBuilder {
  readonly #nodes = new Map<string, NodeDef>();
  readonly #constants = new Map<string, Value>();
  readonly #layerNow: () => LayerNow;
  /** Of the nodes that belong to one, with their place in the order of recording. */
  readonly #layers = new Map<string, { readonly layer: string; readonly at: number }>();
  #counter = 0;

  /** @param layerNow asked for each node that is given no name, constants left out: equal ones serve several layers */
  constructor(layerNow: () => LayerNow = () => null) {
    this.#layerNow = layerNow;
  }

  /**
   * @param op      TensorFlow's name of the operation
   * @param inputs  "node", "node:1" or "^node" (control input: only runs after)
   * @param name    unique; made from its layer and `op` if absent: "network/unet.out_conv/Mul_12"
   * @returns the node's name, which is also the reference of its first output
   */
  add(op: string, inputs: readonly string[], attrs: Record<string, AttrValue> = {}, name?: string): string {
    const unique = name ?? this.#newName(op, inputs);
    if (this.#nodes.has(unique)) throw new Error(`the graph has a node ${unique} already`);
    // TensorFlow wants control inputs after all others.
    const ordered = [...inputs.filter((i) => !i.startsWith('^')), ...inputs.filter((i) => i.startsWith('^'))];
    this.#nodes.set(unique, create(NodeDefSchema, { name: unique, op, input: ordered, attr: attrs }));
    return unique;
  }

  #newName(op: string, inputs: readonly string[]): string {
    const at = this.#counter++;
    const layer = op === 'Const' ? null : this.#layerOf(inputs);
    if (layer === null) return `${op}_${at}`;
    const name = `${layer}/${op}_${at}`;
    this.#layers.set(name, { layer, at });
    return name;
  }

  #layerOf(inputs: readonly string[]): string | null {
    const now = this.#layerNow();
    if (now !== OF_INPUTS) return now;
    const known = inputs.flatMap((input) => this.#layers.get(nodeOf(input)) ?? []);
    return known.sort((a, b) => b.at - a.at)[0]?.layer ?? null;
  }

  /** A constant; equal ones are one node. */
  constant(dtype: DataType, shape: readonly number[], data: Float32Array | Int32Array | Uint8Array): Value {
    return { ...this.#constant(dtype, shape, data), constant: data };
  }

  /** A constant of a reduced type, rounded to it; its numbers aren't known any more. */
  rounded(dtype: ReducedType, shape: readonly number[], data: Float32Array): Value {
    return this.#constant(dtype, shape, roundTo(dtype, data));
  }

  /** @param bits of the numbers, as TensorFlow has them in memory */
  #constant(
    dtype: DataType,
    shape: readonly number[],
    bits: Float32Array | Int32Array | Uint8Array | Uint16Array,
  ): Value {
    const bytes = new Uint8Array(bits.buffer, bits.byteOffset, bits.byteLength);
    const key = `${dtype}|${shape.join()}|${Buffer.from(bytes).toString('latin1')}`;
    let value = this.#constants.get(key);
    if (value === undefined) {
      const ref = this.add('Const', [], {
        dtype: attr.type(dtype),
        value: create(AttrValueSchema, {
          value: { case: 'tensor', value: { dtype, tensorShape: shapeProto(shape), tensorContent: bytes.slice() } },
        }),
      });
      value = { ref, dtype, shape };
      this.#constants.set(key, value);
    }
    return value;
  }

  int32(values: readonly number[], shape: readonly number[] = [values.length]): Value {
    return this.constant(DataType.DT_INT32, shape, Int32Array.from(values));
  }

  scalar(value: number): Value {
    return this.constant(DataType.DT_FLOAT, [], Float32Array.of(value));
  }

  placeholder(name: string, dtype: DataType, shape: readonly number[]): Value {
    const ref = this.add('Placeholder', [], { dtype: attr.type(dtype), shape: attr.shape(shape) }, name);
    return { ref, dtype, shape };
  }

  /**
   * A copy of what a placeholder is fed with. What is fed at each step is rewritten for the next but one; a variable that
   * took it over would change with it.
   */
  copy({ ref, dtype, shape }: Value): Value {
    return { ref: this.add('DeepCopy', [ref], { T: attr.type(dtype) }), dtype, shape };
  }

  /** The same numbers in another type. */
  cast({ ref, dtype, shape }: Value, to: DataType): Value {
    const types = { SrcT: attr.type(dtype), DstT: attr.type(to) };
    return { ref: this.add('Cast', [ref], types), dtype: to, shape };
  }

  /** The nodes that `targets` need. */
  reachable(targets: readonly string[]): NodeDef[] {
    const wanted = new Set<string>();
    const open = [...targets];
    for (let name = open.pop(); name !== undefined; name = open.pop()) {
      const node = nodeOf(name);
      if (wanted.has(node)) continue;
      const found = this.#nodes.get(node);
      if (found === undefined) throw new Error(`the graph has no node ${node}`);
      wanted.add(node);
      open.push(...found.input);
    }
    return [...this.#nodes.values()].filter((node) => wanted.has(node.name));
  }

  /** The nodes that are added while `record` runs. */
  during<T>(record: () => T): { readonly result: T; readonly nodes: ReadonlySet<string> } {
    const before = this.#nodes.size;
    const result = record();
    return { result, nodes: new Set([...this.#nodes.keys()].slice(before)) };
  }

  /** The graph as the bytes of a GraphDef, reduced to what `targets` need. */
  graphDef(targets: readonly string[]): Uint8Array {
    return toBinary(GraphDefSchema, create(GraphDefSchema, { node: this.reachable(targets), versions: graphVersions }));
  }
}
