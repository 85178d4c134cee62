/**
 * Makes one function of what a program computes in its layers, and one node that calls it: TensorFlow compiles such a
 * function as a whole by XLA (`_XlaMustCompile`), so that thousands of small ops become some loops and kernels.
 *
 * Random numbers, copies of what is fed, variables and the optimiser stay outside: XLA draws other numbers for the same
 * seed, and can't compile copies.
 */
import { create, toBinary } from '@bufbuild/protobuf';
import { layerOf } from '../../../contract/profile.ts';
import {
  FunctionDefLibrarySchema,
  GraphDefSchema,
  type NodeDef,
  NodeDefSchema,
  type VersionDef,
} from '../proto/tensorflow_pb.js';
import { functionOf } from '../session/functions.ts';
import { attr, nodeOf, outputOf } from './builder.ts';

/** Nodes that give a tensor from outside, whatever layer asked for it. */
const GIVEN = /^(Placeholder|Const|DeepCopy|Bitcast|VarHandleOp|ReadVariableOp|Stateless.*)$/;

/** A part of a program: its name, which must be unique, and its nodes. */
export interface Region {
  readonly name: string;
  readonly nodes: ReadonlySet<string>;
}

/** What becomes of a region: its nodes, a function of them, and the node that calls it. */
interface Compiled {
  readonly inside: ReadonlySet<string>;
  /** The bytes of a FunctionDef. */
  readonly definition: Uint8Array;
  readonly call: NodeDef;
  /** What takes the place of a reference to a node inside. */
  readonly through: (ref: string) => string;
}

/**
 * The graph with a call in place of the layers of each region.
 *
 * @param nodes   all nodes of the graph
 * @param regions none needs what another computes
 * @returns       the bytes of a GraphDef, its functions included
 * @throws {TensorFlowError} if what is to be compiled isn't in one piece
 */
export function compiledGraph(nodes: readonly NodeDef[], versions: VersionDef, regions: readonly Region[]): Uint8Array {
  const all = nodes.flatMap(withoutUnsupported);
  const whole = toBinary(GraphDefSchema, create(GraphDefSchema, { node: all, versions }));
  const compiled = regions.flatMap((region) => compile(all, whole, region) ?? []);
  const outside = all
    .filter(({ name }) => !compiled.some(({ inside }) => inside.has(name)))
    .map((node) => ({
      ...node,
      input: node.input.map((ref) => compiled.find(({ inside }) => inside.has(nodeOf(ref)))?.through(ref) ?? ref),
    }));
  const node = [...outside, ...compiled.map(({ call }) => call)];
  const graph = toBinary(GraphDefSchema, create(GraphDefSchema, { node, versions }));
  const definitions = { function: compiled.map(({ definition }) => definition) };
  const library = toBinary(FunctionDefLibrarySchema, create(FunctionDefLibrarySchema, definitions));
  return Buffer.concat([graph, field(LIBRARY, library)]);
}

/** GraphDef's field of its functions; protobufs of one message that follow each other are merged. */
const LIBRARY = 2;

/** A field of bytes as protobuf writes it. */
function field(number: number, bytes: Uint8Array): Uint8Array {
  const head = [(number << 3) | 2];
  for (let rest = bytes.length; ; rest = Math.floor(rest / 128)) {
    head.push(rest < 128 ? rest : (rest % 128) | 128);
    if (rest < 128) return Buffer.concat([Uint8Array.from(head), bytes]);
  }
}

/** Norms are no op of XLA's: √Σx² is written out. */
function withoutUnsupported(node: NodeDef): NodeDef[] {
  if (node.op !== 'EuclideanNorm') return [node];
  const { T, Tidx, keep_dims } = node.attr as { T: never; Tidx: never; keep_dims: never };
  const [square, sum] = [`${node.name}/Square`, `${node.name}/Sum`];
  return [
    create(NodeDefSchema, { name: square, op: 'Square', input: [node.input[0]!], attr: { T } }),
    create(NodeDefSchema, { name: sum, op: 'Sum', input: [square, node.input[1]!], attr: { T, Tidx, keep_dims } }),
    create(NodeDefSchema, { name: node.name, op: 'Sqrt', input: [sum], attr: { T } }),
  ];
}

/** @param whole the graph of `nodes`. @returns null: nothing of the region is to be compiled */
function compile(nodes: readonly NodeDef[], whole: Uint8Array, region: Region): Compiled | null {
  const inside = insideOf(nodes, region);
  if (inside.size === 0) return null;
  const byName = new Map(nodes.map((node) => [node.name, node]));
  const constants = new Set<string>();
  const inputs = new Set<string>();
  const outputs = new Set<string>();
  for (const { name, input } of nodes) {
    for (const ref of input) {
      const from = nodeOf(ref);
      if (inside.has(name) && !inside.has(from)) {
        // XLA must know shapes and axes when it compiles, so constants are in the function, too.
        if (byName.get(from)?.op === 'Const') constants.add(from);
        else inputs.add(ref);
      } else if (!inside.has(name) && inside.has(from) && !ref.startsWith('^')) outputs.add(ref);
    }
  }
  const name = `compiled_${region.name.replaceAll(/\W/g, '_')}`;
  const parts = { nodes: [...inside, ...constants], inputs: [...inputs], outputs: [...outputs] };
  const attrs = { _XlaMustCompile: attr.bool(true) };
  const places = new Map(parts.outputs.map((ref, index) => [ref, outputOf(name, index)]));
  return {
    inside,
    definition: functionOf(whole, name, parts),
    call: create(NodeDefSchema, { name, op: name, input: parts.inputs, attr: attrs }),
    through: (ref) => (ref.startsWith('^') ? `^${name}` : places.get(ref)!),
  };
}

/** The layers of a region and what lies between them, for a call can't be half way through. @param nodes in a running order */
function insideOf(nodes: readonly NodeDef[], region: Region): ReadonlySet<string> {
  const inside = new Set(nodes.filter((node) => belongs(node, region)).map(({ name }) => name));
  const after = new Set<string>();
  for (const { name, input } of nodes) {
    if (input.map(nodeOf).some((from) => inside.has(from) || after.has(from))) after.add(name);
  }
  const before = new Set<string>();
  for (const { name, input } of nodes.toReversed()) {
    if (inside.has(name) || before.has(name)) for (const from of input) before.add(nodeOf(from));
  }
  return new Set([...inside, ...after].filter((name) => inside.has(name) || before.has(name)));
}

function belongs({ name, op }: NodeDef, { nodes }: Region): boolean {
  const part = layerOf(name)?.part;
  // What a norm was made of bears its name in front.
  const recorded = nodes.has(name) || nodes.has(name.replace(/\/(Square|Sum)$/, ''));
  return recorded && (part === 'network' || part === 'weights') && !GIVEN.test(op);
}
