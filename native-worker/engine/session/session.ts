import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import {
  type DataType,
  type RunMetadata,
  RunMetadataSchema,
  RunOptions_TraceLevel,
  RunOptionsSchema,
} from '../proto/tensorflow_pb.js';
import { cApi, checked, importGraph, throwUnlessOk, type Endpoint, type Pointer } from './c-api.ts';
import { elementTypeOf, inWords, type ElementType } from './host-tensor.ts';
import { NativeTensor } from './native-tensor.ts';
import { configBytes, type RunLimit, type SessionOptions } from './options.ts';
import { withoutOwnTask } from './task-name.ts';
import { TensorFlowError } from './tensorflow-error.ts';

/** What the graph says of an output of a node. */
interface Output {
  readonly endpoint: Endpoint;
  readonly code: DataType;
  readonly dtype: ElementType | undefined;
  /** null: any; −1 in it: any size. */
  readonly shape: readonly number[] | null;
}

export interface SessionRun {
  /** By the names of nodes; each stands for its first output. */
  readonly feeds?: Readonly<Record<string, NativeTensor>>;
  /** Nodes whose first outputs are wanted. */
  readonly fetches?: readonly string[];
  /** Nodes that must run. */
  readonly targets?: readonly string[];
  /** Asks TensorFlow to note when each op ran, and gets what it noted if the run succeeds. It makes the run slower. */
  readonly onTrace?: (metadata: RunMetadata) => void;
}

/**
 * A graph that runs: TensorFlow's own session, through its C API. It owns everything that was made for it, tensors
 * included, and lets go of all of it when it is closed.
 *
 * All methods throw `TensorFlowError`: with FAILED_PRECONDITION once the session is closed, CANCELLED if that happens
 * while it runs, NOT_FOUND for a node that the graph doesn't have, INVALID_ARGUMENT for a tensor that doesn't fit, or
 * with whatever code TensorFlow gives.
 */
export class Session {
  readonly #graph: Pointer<'graph'>;
  readonly #session: Pointer<'session'>;
  readonly #outputs = new Map<string, Output>();
  readonly #tensors = new Set<NativeTensor>();
  /** Whether its devices add up among themselves. */
  readonly #collective: boolean;
  readonly #limit: RunLimit | null;
  /** Whether it has devices of other processes, and a run of it failed: to close it could wait for one that is gone. */
  #broken = false;
  readonly #remote: boolean;
  #running = 0;
  #closed = false;

  /** @param graphDef the bytes of TensorFlow's GraphDef */
  constructor(graphDef: Uint8Array, options: SessionOptions = {}) {
    const api = cApi();
    this.#collective = (options.collectives ?? null) !== null;
    this.#limit = options.limit ?? null;
    this.#remote = (options.target ?? null) !== null;
    this.#graph = api.newGraph();
    try {
      importGraph(this.#graph, graphDef);
      this.#session = newSession(this.#graph, configBytes(options), options.target ?? null);
    } catch (error) {
      api.deleteGraph(this.#graph);
      throw error;
    }
  }

  /** A tensor of any numbers, to be written and fed. */
  allocate(dtype: ElementType, shape: readonly number[]): NativeTensor {
    this.#mustBeOpen();
    return this.#keep(NativeTensor.allocate(dtype, shape, this.#forget));
  }

  /**
   * Runs what is asked for. JavaScript goes on meanwhile; it must neither write nor dispose what is fed.
   *
   * @returns what was fetched; the caller disposes it
   */
  async run({ feeds = {}, fetches = [], targets = [], onTrace }: SessionRun): Promise<NativeTensor[]> {
    this.#mustBeOpen();
    const api = cApi();
    const fed = Object.entries(feeds);
    const inputs = fed.map(([name, tensor]) => this.#input(name, tensor));
    const pointers = fed.map(([, tensor]) => tensor.pointer());
    const outputs = fetches.map((name) => this.#output(name).endpoint);
    const operations = targets.map((name) => this.#operation(name));
    const fetched = new Array<Pointer<'tensor'> | null>(outputs.length).fill(null);
    const name = [...fetches, ...targets].join(' ');
    const options = newRunOptions(this.#collective, onTrace !== undefined, this.#limit?.of(name) ?? null);
    const metadata = onTrace === undefined ? null : api.emptyBuffer();
    const status = api.newStatus();
    this.#running += 1;
    const start = performance.now();
    try {
      await api.run(this.#session, options, inputs, pointers, outputs, fetched, operations, metadata, status);
      throwUnlessOk(status);
      this.#limit?.took(name, performance.now() - start);
      const results = fetched.map((pointer) => this.#keep(NativeTensor.adopt(pointer!, this.#forget)));
      if (this.#closed) throw new TensorFlowError('CANCELLED', 'the session was closed while it ran');
      if (metadata !== null) onTrace?.(fromBinary(RunMetadataSchema, api.bytes(metadata)));
      return results;
    } catch (error) {
      this.#broken = this.#remote;
      throw error;
    } finally {
      api.deleteStatus(status);
      if (options !== null) api.deleteBuffer(options);
      if (metadata !== null) api.deleteBuffer(metadata);
      this.#ended();
    }
  }

  /** TensorFlow's names of the devices that it has: "/device:GPU:0", with its task before it where there are servers. */
  async devices(): Promise<string[]> {
    this.#mustBeOpen();
    const api = cApi();
    const status = api.newStatus();
    this.#running += 1;
    try {
      const names = await api.devicesOf(this.#session, status);
      throwUnlessOk(status);
      return names.map(withoutOwnTask);
    } catch (error) {
      this.#broken = this.#remote;
      throw error;
    } finally {
      api.deleteStatus(status);
      this.#ended();
    }
  }

  /** Nothing can be asked of it any more. What still runs ends first; then everything is let go of. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#running === 0) this.#release();
  }

  readonly #forget = (tensor: NativeTensor): void => void this.#tensors.delete(tensor);

  #keep(tensor: NativeTensor): NativeTensor {
    this.#tensors.add(tensor);
    return tensor;
  }

  /** Something that ran has ended. */
  #ended(): void {
    this.#running -= 1;
    if (this.#closed && this.#running === 0) this.#release();
  }

  #release(): void {
    const api = cApi();
    for (const tensor of this.#tensors) tensor.dispose();
    if (this.#broken) return; // its process can't use the others again, and ends soon
    checked((status) => api.closeSession(this.#session, status));
    checked((status) => api.deleteSession(this.#session, status));
    api.deleteGraph(this.#graph);
  }

  #mustBeOpen(): void {
    if (this.#closed) throw new TensorFlowError('FAILED_PRECONDITION', 'the session is closed');
  }

  #input(name: string, tensor: NativeTensor): Endpoint {
    const { endpoint, code, dtype, shape } = this.#output(name);
    if (dtype !== tensor.dtype || !matches(shape, tensor.shape)) {
      const wanted = `${dtype ?? `type ${code}`} [${shape?.join() ?? '…'}]`;
      throw new TensorFlowError('INVALID_ARGUMENT', `${name} takes ${wanted}, not ${inWords(tensor)}`);
    }
    return endpoint;
  }

  #output(name: string): Output {
    const known = this.#outputs.get(name);
    if (known !== undefined) return known;
    const api = cApi();
    const endpoint = { oper: this.#operation(name), index: 0 };
    if (api.outputs(endpoint.oper) === 0) throw new TensorFlowError('INVALID_ARGUMENT', `node ${name} has no output`);
    const code = api.outputType(endpoint);
    const output = { endpoint, code, dtype: elementTypeOf(code), shape: shapeOf(this.#graph, endpoint) };
    this.#outputs.set(name, output);
    return output;
  }

  #operation(name: string): Pointer<'operation'> {
    const operation = cApi().operation(this.#graph, name);
    if (operation === null) throw new TensorFlowError('NOT_FOUND', `the graph has no node ${name}`);
    return operation;
  }
}

/** Runs of one session whose devices add up share this key, and no other session in the process runs beside it. */
const COLLECTIVE_KEY = 1n;

/** What a run is told; null: nothing. */
function newRunOptions(collective: boolean, traced: boolean, limitMs: number | null): Pointer<'buffer'> | null {
  if (!collective && !traced && limitMs === null) return null;
  const asked = create(RunOptionsSchema, {
    ...(traced ? { traceLevel: RunOptions_TraceLevel.FULL_TRACE } : {}),
    ...(limitMs === null ? {} : { timeoutInMs: BigInt(Math.ceil(limitMs)) }),
    ...(collective ? { experimental: { collectiveGraphKey: COLLECTIVE_KEY } } : {}),
  });
  const bytes = toBinary(RunOptionsSchema, asked);
  return cApi().newBuffer(bytes, bytes.length);
}

function newSession(graph: Pointer<'graph'>, config: Uint8Array, target: string | null): Pointer<'session'> {
  const api = cApi();
  const options = api.newSessionOptions();
  try {
    checked((status) => api.setConfig(options, config, config.length, status));
    if (target !== null) api.setTarget(options, target);
    return checked((status) => api.newSession(graph, options, status));
  } finally {
    api.deleteSessionOptions(options);
  }
}

function shapeOf(graph: Pointer<'graph'>, endpoint: Endpoint): readonly number[] | null {
  const api = cApi();
  const rank = checked((status) => api.rank(graph, endpoint, status));
  if (rank < 0) return null;
  const dimensions = new BigInt64Array(rank);
  if (rank > 0) checked((status) => api.shape(graph, endpoint, dimensions, rank, status));
  return Array.from(dimensions, Number);
}

function matches(wanted: readonly number[] | null, shape: readonly number[]): boolean {
  if (wanted === null) return true;
  return wanted.length === shape.length && wanted.every((size, index) => size < 0 || size === shape[index]);
}
