import { cApi, checked, importGraph, type Endpoint, type Pointer } from './c-api.ts';

/** What of a graph becomes a function. */
export interface FunctionParts {
  /** Its nodes. */
  readonly nodes: readonly string[];
  /** Tensors from outside ("node:1") that become its arguments, in this order, and those that it gives out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

/**
 * A part of a graph as a function.
 *
 * @param graphDef the bytes of a GraphDef, which stays as it is
 * @returns        the bytes of a FunctionDef
 * @throws {TensorFlowError} if it isn't whole: a node of it needs what is neither in it nor among its inputs
 */
export function functionOf(graphDef: Uint8Array, name: string, parts: FunctionParts): Uint8Array {
  const api = cApi();
  const graph = api.newGraph();
  try {
    importGraph(graph, graphDef);
    const operations = parts.nodes.map((node) => operation(graph, node));
    const [inputs, outputs] = [parts.inputs, parts.outputs].map((refs) => refs.map((ref) => endpoint(graph, ref)));
    const made = checked((status) => api.graphToFunction(graph, name, operations, inputs!, outputs!, status));
    const bytes = api.emptyBuffer();
    try {
      checked((status) => api.functionDef(made, bytes, status));
      return api.bytes(bytes);
    } finally {
      api.deleteBuffer(bytes);
      api.deleteFunction(made);
    }
  } finally {
    api.deleteGraph(graph);
  }
}

function endpoint(graph: Pointer<'graph'>, ref: string): Endpoint {
  const [node, index = '0'] = ref.split(':');
  return { oper: operation(graph, node!), index: Number(index) };
}

function operation(graph: Pointer<'graph'>, name: string): Pointer<'operation'> {
  const found = cApi().operation(graph, name);
  if (found === null) throw new Error(`the graph has no node ${name}`);
  return found;
}
