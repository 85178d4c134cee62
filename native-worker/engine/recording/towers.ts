/**
 * One program on several devices ("towers"): its nodes once a device, each with state of its own, in one graph of one
 * session. What they have in common are the sums over all of them (`collectives.ts`).
 */
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { GraphDefSchema, type NodeDef, NodeDefSchema } from '../proto/tensorflow_pb.js';
import { attr, graphVersions } from './builder.ts';
import { towerName } from './names.ts';
import type { GraphProgram, TowersProgram } from './program.ts';

/**
 * @param first   what the first device runs; its nodes keep their names, so that a session finds it as if it were alone
 * @param others  what each other device runs: entries of `first`, with the same sums over devices
 * @param devices TensorFlow's names: "/device:GPU:0"
 */
export function onDevices(first: GraphProgram, others: GraphProgram, devices: readonly string[]): TowersProgram {
  const [own, theirs] = [first, others].map(({ graph }) => fromBinary(GraphDefSchema, graph).node);
  const node = devices.flatMap((device, index) =>
    index === 0 ? own!.map((one) => placed(one, device)) : theirs!.map((one) => placed(renamed(one, index), device)),
  );
  const graph = toBinary(GraphDefSchema, create(GraphDefSchema, { node, versions: graphVersions }));
  return { ...first, graph, nodes: node.length, others, towers: devices.length };
}

function placed(node: NodeDef, device: string): NodeDef {
  return { ...node, device };
}

/** A node with what tells it from the same node of other devices. */
function renamed({ name, op, input, attr: attrs }: NodeDef, tower: number): NodeDef {
  const variable = op === 'VarHandleOp' ? { shared_name: attr.string(towerName(tower, name)) } : {};
  return create(NodeDefSchema, {
    name: towerName(tower, name),
    op,
    input: input.map((ref) => (ref.startsWith('^') ? `^${towerName(tower, ref.slice(1))}` : towerName(tower, ref))),
    attr: { ...attrs, ...variable },
  });
}
