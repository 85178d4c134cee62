import { createRequire } from 'node:module';
import type * as koffi from 'koffi';
import type { DataType } from '../proto/tensorflow_pb.js';
import { tensorflowLibrary } from './library.ts';
import { tensorflowError } from './tensorflow-error.ts';

/** Addresses of things of TensorFlow's, which nobody but this folder may touch. */
export type Pointer<Kind extends string> = bigint & { readonly kind: Kind };

/** An output of an operation of a graph. */
export interface Endpoint {
  readonly oper: Pointer<'operation'>;
  readonly index: number;
}

type Status = Pointer<'status'>;
type Graph = Pointer<'graph'>;
type Session = Pointer<'session'>;
type Tensor = Pointer<'tensor'>;
type Buffer = Pointer<'buffer'>;

/** What koffi reads of a TF_Buffer. */
interface BufferContent {
  readonly data: Pointer<'data'>;
  readonly length: number | bigint;
}

/** A function that can run on a thread of Node's pool while JavaScript goes on. */
type Asynchronous<Arguments extends unknown[]> = (...args: Arguments) => Promise<void>;

/** The part of TensorFlow's C API that a session needs (tensorflow/c/c_api.h). */
export interface CApi {
  readonly version: () => string;
  readonly newStatus: () => Status;
  readonly deleteStatus: (status: Status) => void;
  readonly code: (status: Status) => number;
  readonly message: (status: Status) => string;
  readonly newBuffer: (bytes: Uint8Array, length: number) => Buffer;
  readonly deleteBuffer: (buffer: Buffer) => void;
  /** An empty one, for TensorFlow to fill. */
  readonly emptyBuffer: () => Buffer;
  /** A copy of its bytes. */
  readonly bytes: (buffer: Buffer) => Uint8Array;
  readonly newGraph: () => Graph;
  readonly deleteGraph: (graph: Graph) => void;
  readonly newImportOptions: () => Pointer<'import-options'>;
  readonly deleteImportOptions: (options: Pointer<'import-options'>) => void;
  readonly importGraph: (graph: Graph, definition: Buffer, options: Pointer<'import-options'>, status: Status) => void;
  readonly operation: (graph: Graph, name: string) => Pointer<'operation'> | null;
  readonly outputs: (operation: Pointer<'operation'>) => number;
  readonly outputType: (output: Endpoint) => DataType;
  /** Those nodes of a graph as a function, with arguments and results in this order. */
  readonly graphToFunction: (
    graph: Graph,
    name: string,
    operations: readonly Pointer<'operation'>[],
    inputs: readonly Endpoint[],
    outputs: readonly Endpoint[],
    status: Status,
  ) => Pointer<'function'>;
  readonly functionDef: (made: Pointer<'function'>, into: Buffer, status: Status) => void;
  readonly deleteFunction: (made: Pointer<'function'>) => void;
  /** −1: the graph doesn't know. */
  readonly rank: (graph: Graph, output: Endpoint, status: Status) => number;
  readonly shape: (graph: Graph, output: Endpoint, dimensions: BigInt64Array, rank: number, status: Status) => void;
  readonly newSessionOptions: () => Pointer<'session-options'>;
  readonly deleteSessionOptions: (options: Pointer<'session-options'>) => void;
  readonly setConfig: (options: Pointer<'session-options'>, config: Uint8Array, length: number, status: Status) => void;
  /** Which server's devices a session has; default: those of this process alone. */
  readonly setTarget: (options: Pointer<'session-options'>, target: string) => void;
  /** @param definition the bytes of TensorFlow's ServerDef */
  readonly newServer: (definition: Uint8Array, length: number, status: Status) => Pointer<'server'> | null;
  readonly startServer: (server: Pointer<'server'>, status: Status) => void;
  /** "grpc://localhost:7901" */
  readonly serverTarget: (server: Pointer<'server'>) => string;
  readonly newSession: (graph: Graph, options: Pointer<'session-options'>, status: Status) => Session;
  /** Names of the devices that it has, in full: "/job:localhost/replica:0/task:0/device:GPU:0". */
  readonly devicesOf: (session: Session, status: Status) => Promise<string[]>;
  readonly closeSession: (session: Session, status: Status) => void;
  readonly deleteSession: (session: Session, status: Status) => void;
  /** Fills `fetched`, whose length is that of `outputs`, and `metadata`, if `options` (RunOptions) ask for a trace. */
  readonly run: Asynchronous<
    [
      session: Session,
      options: Buffer | null,
      inputs: readonly Endpoint[],
      fed: readonly Tensor[],
      outputs: readonly Endpoint[],
      fetched: (Tensor | null)[],
      targets: readonly Pointer<'operation'>[],
      metadata: Buffer | null,
      status: Status,
    ]
  >;
  readonly allocate: (type: DataType, shape: BigInt64Array, rank: number, bytes: number) => Tensor | null;
  readonly deleteTensor: (tensor: Tensor) => void;
  readonly type: (tensor: Tensor) => DataType;
  readonly dimensions: (tensor: Tensor) => number;
  readonly dimension: (tensor: Tensor, index: number) => number;
  readonly byteSize: (tensor: Tensor) => number;
  /** Whether the tensor has memory: a new one for which there was none has not. */
  readonly hasData: (tensor: Tensor) => boolean;
  /** Copies numbers into a tensor's memory, from so many bytes on; the caller has checked that they fit. */
  readonly write: (tensor: Tensor, from: number, values: ArrayBufferView) => void;
  /** Copies a tensor's memory, from so many bytes on; the caller has checked that it is there. */
  readonly readInto: (values: ArrayBufferView, tensor: Tensor, from: number) => void;
  /** Whether products of float32 may be taken in TF32, for all that this process computes; null: there is no such switch. */
  readonly tensorFloat32: { readonly set: (allowed: boolean) => void; readonly get: () => boolean } | null;
}

/**
 * Stack of a thread that runs a session, bytes: koffi's own 128 kB are too few for TensorFlow's graph optimiser, which
 * works on the thread that asks.
 */
const STACK = 8 * 2 ** 20;

/** The C library, for its memcpy. */
const cLibraries: Partial<Record<NodeJS.Platform, string>> = {
  linux: 'libc.so.6',
  darwin: '/usr/lib/libSystem.B.dylib',
  win32: 'ucrtbase.dll',
};

let loaded: CApi | null = null;

/**
 * TensorFlow's C API in this process, loaded at the first call.
 *
 * @throws {AppError} 'runtime' if the library isn't on the library path
 */
export function cApi(): CApi {
  loaded ??= load(tensorflowLibrary());
  return loaded;
}

/** Runs what reports a status. @throws {TensorFlowError} with the code that it reports */
export function checked<T>(run: (status: Status) => T): T {
  const api = cApi();
  const status = api.newStatus();
  try {
    const result = run(status);
    throwUnlessOk(status);
    return result;
  } finally {
    api.deleteStatus(status);
  }
}

/** @throws {TensorFlowError} */
export function throwUnlessOk(status: Status): void {
  const code = cApi().code(status);
  if (code !== 0) throw tensorflowError(code, cApi().message(status));
}

/** Puts the nodes of a GraphDef, and its functions, into a graph. @throws {TensorFlowError} */
export function importGraph(graph: Graph, graphDef: Uint8Array): void {
  const api = cApi();
  const definition = api.newBuffer(graphDef, graphDef.length);
  const options = api.newImportOptions();
  try {
    checked((status) => api.importGraph(graph, definition, options, status));
  } finally {
    api.deleteImportOptions(options);
    api.deleteBuffer(definition);
  }
}

function load(path: string): CApi {
  const ffi = loadKoffi();
  ffi.config({ ...ffi.config(), async_stack_size: STACK });
  ffi.struct('TF_Output', { oper: 'void *', index: 'int' });
  ffi.struct('TF_Buffer', { data: 'void *', length: 'size_t', deallocate: 'void *' });
  const library = ffi.load(path);
  const cLibrary = ffi.load(cLibraries[process.platform] ?? 'libc.so.6');
  const run = library.func(
    'void TF_SessionRun(void *session, void *run_options, TF_Output *inputs, void **fed, int ninputs, ' +
      'TF_Output *outputs, _Out_ void **fetched, int noutputs, void **targets, int ntargets, void *metadata, void *status)',
  );
  const exported = (declaration: string): unknown => {
    try {
      return library.func(declaration);
    } catch {
      return null; // by this name on Linux and macOS alone; Windows' TensorFlow has no cards
    }
  };
  const setTensorFloat32 = exported('void _ZN3tsl32enable_tensor_float_32_executionEb(bool allowed)');
  const getTensorFloat32 = exported('bool _ZN3tsl33tensor_float_32_execution_enabledEv()');
  const listDevices = library.func('void *TF_SessionListDevices(void *session, void *status)');
  const deviceCount = library.func('int TF_DeviceListCount(void *list)') as (list: Pointer<'device-list'>) => number;
  const deviceName = library.func('const char *TF_DeviceListName(void *list, int index, void *status)') as (
    list: Pointer<'device-list'>,
    index: number,
    status: Status,
  ) => string;
  const deleteDeviceList = library.func('void TF_DeleteDeviceList(void *list)') as (
    list: Pointer<'device-list'>,
  ) => void;
  const data = library.func('void *TF_TensorData(void *tensor)') as (tensor: Tensor) => Pointer<'data'> | null;
  const toFunction = library.func(
    'void *TF_GraphToFunction(void *graph, const char *name, uint8_t append_hash, int nopers, void **opers, ' +
      'int ninputs, TF_Output *inputs, int noutputs, TF_Output *outputs, const char **output_names, void *options, ' +
      'const char *description, void *status)',
  );
  const copyIn = cLibrary.func('void *memcpy(void *to, const void *from, size_t length)');
  const content = library.func('TF_Buffer TF_GetBuffer(void *buffer)') as (buffer: Buffer) => BufferContent;
  const copyOut = cLibrary.func('void *memcpy(_Out_ void *to, void *from, size_t length)');
  return {
    tensorFloat32:
      setTensorFloat32 === null
        ? null
        : { set: setTensorFloat32 as (allowed: boolean) => void, get: getTensorFloat32 as () => boolean },
    version: library.func('const char *TF_Version()'),
    newStatus: library.func('void *TF_NewStatus()'),
    deleteStatus: library.func('void TF_DeleteStatus(void *status)'),
    code: library.func('int TF_GetCode(void *status)'),
    message: library.func('const char *TF_Message(void *status)'),
    newBuffer: library.func('void *TF_NewBufferFromString(const void *bytes, size_t length)'),
    deleteBuffer: library.func('void TF_DeleteBuffer(void *buffer)'),
    emptyBuffer: library.func('void *TF_NewBuffer()'),
    bytes: (buffer) => {
      const { data, length } = content(buffer);
      const bytes = new Uint8Array(Number(length));
      if (bytes.length > 0) copyOut(bytes, data, bytes.length);
      return bytes;
    },
    newGraph: library.func('void *TF_NewGraph()'),
    deleteGraph: library.func('void TF_DeleteGraph(void *graph)'),
    newImportOptions: library.func('void *TF_NewImportGraphDefOptions()'),
    deleteImportOptions: library.func('void TF_DeleteImportGraphDefOptions(void *options)'),
    importGraph: library.func(
      'void TF_GraphImportGraphDef(void *graph, void *definition, void *options, void *status)',
    ),
    operation: library.func('void *TF_GraphOperationByName(void *graph, const char *name)'),
    graphToFunction: (graph, name, operations, inputs, outputs, status) =>
      toFunction(
        ...[graph, name, 0, operations.length, operations, inputs.length, inputs, outputs.length, outputs],
        ...[null, null, null, status],
      ) as Pointer<'function'>,
    functionDef: library.func('void TF_FunctionToFunctionDef(void *function, void *into, void *status)'),
    deleteFunction: library.func('void TF_DeleteFunction(void *function)'),
    outputs: library.func('int TF_OperationNumOutputs(void *operation)'),
    outputType: library.func('int TF_OperationOutputType(TF_Output output)'),
    rank: library.func('int TF_GraphGetTensorNumDims(void *graph, TF_Output output, void *status)'),
    shape: library.func(
      'void TF_GraphGetTensorShape(void *graph, TF_Output output, _Out_ int64_t *dimensions, int rank, void *status)',
    ),
    newSessionOptions: library.func('void *TF_NewSessionOptions()'),
    deleteSessionOptions: library.func('void TF_DeleteSessionOptions(void *options)'),
    setConfig: library.func('void TF_SetConfig(void *options, const void *config, size_t length, void *status)'),
    setTarget: library.func('void TF_SetTarget(void *options, const char *target)'),
    newServer: library.func('void *TF_NewServer(const void *definition, size_t length, void *status)'),
    startServer: library.func('void TF_ServerStart(void *server, void *status)'),
    serverTarget: library.func('const char *TF_ServerTarget(void *server)'),
    newSession: library.func('void *TF_NewSession(void *graph, void *options, void *status)'),
    devicesOf: async (session, status) => {
      const list = await new Promise<Pointer<'device-list'> | null>((resolve, reject) => {
        const done = (error: Error | null, found: Pointer<'device-list'> | null): void =>
          error === null ? resolve(found) : reject(error);
        listDevices.async(session, status, done);
      });
      if (list === null) return []; // the status says why
      const names = Array.from({ length: deviceCount(list) }, (_, index) => deviceName(list, index, status));
      deleteDeviceList(list);
      return names;
    },
    closeSession: library.func('void TF_CloseSession(void *session, void *status)'),
    deleteSession: library.func('void TF_DeleteSession(void *session, void *status)'),
    run: (session, options, inputs, fed, outputs, fetched, targets, metadata, status) =>
      new Promise((resolve, reject) => {
        const done = (error: Error | null): void => (error === null ? resolve() : reject(error));
        run.async(
          ...[session, options, inputs, fed, inputs.length, outputs, fetched, outputs.length],
          ...[targets, targets.length, metadata, status, done],
        );
      }),
    allocate: library.func('void *TF_AllocateTensor(int type, const int64_t *shape, int rank, size_t bytes)'),
    deleteTensor: library.func('void TF_DeleteTensor(void *tensor)'),
    type: library.func('int TF_TensorType(void *tensor)'),
    dimensions: library.func('int TF_NumDims(void *tensor)'),
    dimension: library.func('int64_t TF_Dim(void *tensor, int index)'),
    byteSize: library.func('size_t TF_TensorByteSize(void *tensor)'),
    hasData: (tensor) => data(tensor) !== null,
    write: (tensor, from, values) => void copyIn(data(tensor)! + BigInt(from), values, values.byteLength),
    readInto: (values, tensor, from) => void copyOut(values, data(tensor)! + BigInt(from), values.byteLength),
  };
}

/** Whether a shared library can be loaded, by its name, as TensorFlow itself loads those that it needs now and then. */
export function canLoad(name: string): boolean {
  try {
    loadKoffi().load(name);
    return true;
  } catch {
    return false; // not there, or not for this machine: the caller does without
  }
}

function loadKoffi(): typeof koffi {
  return createRequire(import.meta.url)('koffi') as typeof koffi;
}
