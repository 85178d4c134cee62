import { readFileSync } from 'node:fs';
import { describe, expect, onTestFinished, test } from 'vitest';
import { attr, GraphBuilder } from '../../../../native-worker/engine/recording/builder.ts';
import { backend } from '../../../../native-worker/engine/binding.ts';
import { DataType, type RunMetadata } from '../../../../native-worker/engine/proto/tensorflow_pb.js';
import { cApi } from '../../../../native-worker/engine/session/c-api.ts';
import { elements, type ElementType, type HostTensor } from '../../../../native-worker/engine/session/host-tensor.ts';
import type { NativeTensor } from '../../../../native-worker/engine/session/native-tensor.ts';
import type { SessionOptions } from '../../../../native-worker/engine/session/options.ts';
import { Session } from '../../../../native-worker/engine/session/session.ts';
import { TensorFlowError } from '../../../../native-worker/engine/session/tensorflow-error.ts';
import { tf } from '../../../../native-worker/engine/tensorflow.ts';
import { readTrace } from '../../../../native-worker/engine/trace/traced-ops.ts';

/** A session for the graph that `build` makes, closed when the test ends. */
function open(build: (graph: GraphBuilder) => string[], options: SessionOptions = {}): Session {
  const builder = new GraphBuilder();
  const session = new Session(builder.graphDef(build(builder)), options);
  onTestFinished(() => session.close());
  return session;
}

/** y = x · x of a square matrix, with x fed. */
const squared =
  (size: number) =>
  (graph: GraphBuilder): string[] => {
    const x = graph.placeholder('x', DataType.DT_FLOAT, [size, size]);
    return [graph.add('MatMul', [x.ref, x.ref], { T: attr.type(DataType.DT_FLOAT) }, 'y')];
  };

/** A node `y` that gives what is fed to `x`. */
const passed =
  (dtype: ElementType, shape: readonly number[]) =>
  (graph: GraphBuilder): string[] => {
    const x = graph.placeholder('x', elements[dtype].code, shape);
    return [graph.add('Identity', [x.ref], { T: attr.type(x.dtype) }, 'y')];
  };

function fed(session: Session, host: HostTensor): NativeTensor {
  const tensor = session.allocate(host.dtype, host.shape);
  tensor.write(host);
  return tensor;
}

const floats = (shape: readonly number[], ...values: number[]): HostTensor => ({
  dtype: 'float32',
  shape,
  values: Float32Array.from(values),
});

/** The code with which something is refused. */
async function codeOf(refused: () => unknown): Promise<string> {
  try {
    await refused();
  } catch (error) {
    if (error instanceof TensorFlowError) return error.code;
    throw error;
  }
  return 'OK';
}

test('it is the TensorFlow that tfjs has loaded', () => {
  expect(cApi().version()).toBe(backend().binding.TF_Version);
  const libraries = readFileSync('/proc/self/maps', 'utf8').match(/\S*libtensorflow_cc\S*/g);
  expect(new Set(libraries).size).toBe(1);
});

test.each([
  ['float32', Float32Array.of(-0, 1e-40, Infinity)],
  ['int32', Int32Array.of(-1, 2 ** 31 - 1, 0)],
  ['uint8', Uint8Array.of(0, 127, 255)],
  ['bool', Uint8Array.of(1, 0, 1)],
  ['bfloat16', Uint16Array.of(0x3f80, 0x7f80, 1)],
  ['half', Uint16Array.of(0x3c00, 0x7c00, 1)],
] as const)('numbers of type %s come out as they went in', async (dtype, values) => {
  const session = open(passed(dtype, [3, 1]));
  const host = { dtype, shape: [3, 1], values } as HostTensor;
  const [y] = await session.run({ feeds: { x: fed(session, host) }, fetches: ['y'] });
  expect(y!.read()).toEqual(host);
});

test('what was fetched keeps its numbers, and changing what was copied out changes nothing', async () => {
  const session = open(passed('float32', [2]));
  const [y] = await session.run({ feeds: { x: fed(session, floats([2], 1, 2)) }, fetches: ['y'] });
  y!.read().values.fill(7);
  expect([...y!.read().values]).toEqual([1, 2]);
});

test('JavaScript goes on while a graph runs, and tfjs computes beside it', async () => {
  const session = open(squared(1500));
  const x = session.allocate('float32', [1500, 1500]);
  let turns = 0;
  let beside = 0;
  let running = true;
  const turn = (): void => {
    turns += 1;
    if (turns === 1) beside = tf.add(40, 2).dataSync()[0]!;
    if (running) setImmediate(turn);
  };
  setImmediate(turn);
  await session.run({ feeds: { x }, fetches: ['y'] });
  running = false;
  expect(turns).toBeGreaterThan(10);
  expect(beside).toBe(42);
});

test('without the optimiser or with other threads a graph gives the same numbers', async () => {
  const numbers = floats([2, 2], 1, 2, 3, 4);
  for (const options of [{}, { optimise: false }, { interOpThreads: 1 }]) {
    const session = open(squared(2), options);
    const [y] = await session.run({ feeds: { x: fed(session, numbers) }, fetches: ['y'] });
    expect([...y!.read().values]).toEqual([7, 10, 15, 22]);
  }
});

describe('what does not fit is an error with a code, and the session goes on', () => {
  const good = floats([2, 2], 1, 0, 0, 1);

  test('feeds of another shape or type, and nodes that there are not', async () => {
    const session = open(squared(2));
    const whole = session.allocate('int32', [2, 2]);
    const flat = fed(session, floats([4], 1, 2, 3, 4));
    const x = fed(session, good);
    expect(await codeOf(() => session.run({ feeds: { x: whole }, fetches: ['y'] }))).toBe('INVALID_ARGUMENT');
    expect(await codeOf(() => session.run({ feeds: { x: flat }, fetches: ['y'] }))).toBe('INVALID_ARGUMENT');
    expect(await codeOf(() => session.run({ feeds: { z: x }, fetches: ['y'] }))).toBe('NOT_FOUND');
    expect(await codeOf(() => session.run({ feeds: { x }, fetches: ['z'] }))).toBe('NOT_FOUND');
    expect(await codeOf(() => session.run({ feeds: { x }, targets: ['z'] }))).toBe('NOT_FOUND');
    expect(await codeOf(() => session.run({ fetches: ['y'] }))).toBe('INVALID_ARGUMENT'); // x is not fed
    const [y] = await session.run({ feeds: { x }, fetches: ['y'] });
    expect(y!.read()).toEqual(good);
  });

  test('numbers of another type, count or shape than the tensor they are written to', async () => {
    const session = open(squared(2));
    const x = session.allocate('float32', [2, 2]);
    const wrong = [
      floats([2, 2], 1, 2, 3),
      floats([4], 1, 2, 3, 4),
      { ...good, dtype: 'int32' } as HostTensor,
      { dtype: 'float32', shape: [2, 2], values: Int32Array.of(1, 2, 3, 4) } as unknown as HostTensor,
    ];
    for (const host of wrong) expect(await codeOf(() => x.write(host))).toBe('INVALID_ARGUMENT');
    expect(await codeOf(() => session.allocate('float32', [-1]))).toBe('INVALID_ARGUMENT');
    expect(await codeOf(() => session.allocate('float32', [1.5]))).toBe('INVALID_ARGUMENT');
  });

  test('a tensor that was disposed, of this session or by its closing', async () => {
    const session = open(squared(2));
    const x = fed(session, good);
    const other = fed(session, good);
    x.dispose();
    x.dispose();
    expect(await codeOf(() => x.read())).toBe('FAILED_PRECONDITION');
    expect(await codeOf(() => session.run({ feeds: { x }, fetches: ['y'] }))).toBe('FAILED_PRECONDITION');
    session.close();
    expect(await codeOf(() => other.read())).toBe('FAILED_PRECONDITION');
  });

  test('a closed session; closing twice does nothing', async () => {
    const session = open(squared(2));
    session.close();
    session.close();
    expect(await codeOf(() => session.run({ targets: ['y'] }))).toBe('FAILED_PRECONDITION');
    expect(await codeOf(() => session.allocate('float32', []))).toBe('FAILED_PRECONDITION');
  });

  test('a session that is closed while it runs', async () => {
    const session = open(squared(1000));
    const running = session.run({ feeds: { x: session.allocate('float32', [1000, 1000]) }, fetches: ['y'] });
    session.close();
    expect(await codeOf(() => running)).toBe('CANCELLED');
  });

  test('an op that fails, and one that finds no memory', async () => {
    const session = open((graph) => {
      const shape = graph.placeholder('shape', DataType.DT_INT32, [2]);
      const types = { T: attr.type(DataType.DT_FLOAT), index_type: attr.type(DataType.DT_INT32) };
      return [graph.add('Fill', [shape.ref, graph.scalar(1).ref], types, 'y')];
    });
    const fill = (rows: number, columns: number) => (): Promise<unknown> => {
      const shape = fed(session, { dtype: 'int32', shape: [2], values: Int32Array.of(rows, columns) });
      return session.run({ feeds: { shape }, fetches: ['y'] });
    };
    expect(await codeOf(fill(-1, 2))).toBe('INVALID_ARGUMENT');
    expect(await codeOf(fill(2 ** 24, 2 ** 24))).toBe('RESOURCE_EXHAUSTED'); // a petabyte
    expect(await codeOf(fill(2, 2))).toBe('OK');
    expect(await codeOf(() => session.allocate('float32', [2 ** 24, 2 ** 24]))).toBe('RESOURCE_EXHAUSTED');
  });

  test('bytes that are no graph, and a graph with an op that TensorFlow does not have', async () => {
    expect(await codeOf(() => new Session(Uint8Array.of(1, 2, 3)))).toBe('INVALID_ARGUMENT');
    expect(await codeOf(() => open((graph) => [graph.add('Nonsense', [], {}, 'y')]))).toBe('NOT_FOUND');
  });
});

/** Bytes by which the process may grow: garbage that JavaScript has not collected yet. */
const FLAT = 12e6;

async function grownBy(times: number, repeat: () => Promise<void>): Promise<number> {
  for (let warm = 0; warm < times / 4; warm++) await repeat(); // allocators fill their pools
  const before = process.memoryUsage.rss();
  for (let time = 0; time < times; time++) await repeat();
  return process.memoryUsage.rss() - before;
}

test('10,000 runs do not grow the process', async () => {
  const session = open(squared(32));
  const values = new Float32Array(32 * 32);
  const run = async (): Promise<void> => {
    const x = fed(session, { dtype: 'float32', shape: [32, 32], values });
    const [y] = await session.run({ feeds: { x }, fetches: ['y'] });
    y!.read();
    y!.dispose();
    x.dispose();
  };
  expect(await grownBy(10_000, run)).toBeLessThan(FLAT); // every tensor kept would be 4 kB
});

test('a thousand refused runs do not grow the process', async () => {
  const session = open(squared(256));
  const run = async (): Promise<void> => {
    const x = session.allocate('float32', [256, 256]);
    expect(await codeOf(() => session.run({ feeds: { x }, fetches: ['z'] }))).toBe('NOT_FOUND');
    expect(await codeOf(() => session.run({ fetches: ['y'] }))).toBe('INVALID_ARGUMENT');
    x.dispose();
  };
  expect(await grownBy(1000, run)).toBeLessThan(FLAT);
});

test('sessions that are closed leave nothing behind, nor what was made for them', async () => {
  const use = async (): Promise<void> => {
    const builder = new GraphBuilder();
    const session = new Session(builder.graphDef(squared(256)(builder)));
    await session.run({ feeds: { x: session.allocate('float32', [256, 256]) }, fetches: ['y'] });
    session.close();
  };
  expect(await grownBy(200, use)).toBeLessThan(2 * FLAT); // each kept would be half a megabyte
});

describe('a traced run', () => {
  test('tells each op that ran, how long it took and what memory there was, and gives the same numbers', async () => {
    const size = 512;
    const session = open(squared(size));
    const x = fed(session, { dtype: 'float32', shape: [size, size], values: new Float32Array(size * size).fill(0.5) });
    const [plain] = await session.run({ feeds: { x }, fetches: ['y'] });
    let found: RunMetadata | null = null;
    const onTrace = (metadata: RunMetadata): void => void (found = metadata);
    const [traced] = await session.run({ feeds: { x }, fetches: ['y'], onTrace });
    expect(traced!.read()).toEqual(plain!.read());
    const { ops, peakBytes } = readTrace(found!);
    const product = ops.find(({ op }) => op === 'MatMul')!;
    expect(product).toMatchObject({ node: 'y', output: `float32 [${size},${size}]`, layer: null });
    expect(product.microseconds).toBeGreaterThan(0);
    expect(peakBytes).toBeGreaterThanOrEqual(size * size * 4);
  });

  test('that fails tells its error and no trace', async () => {
    const session = open((graph) => {
      const x = graph.placeholder('x', DataType.DT_INT32, []);
      return [graph.add('FloorDiv', [graph.int32([1], []).ref, x.ref], { T: attr.type(DataType.DT_INT32) }, 'y')];
    });
    const x = fed(session, { dtype: 'int32', shape: [], values: Int32Array.of(0) });
    const traces: RunMetadata[] = [];
    const onTrace = (metadata: RunMetadata): void => void traces.push(metadata);
    expect(await codeOf(() => session.run({ feeds: { x }, fetches: ['y'], onTrace }))).toBe('INVALID_ARGUMENT');
    expect(traces).toEqual([]);
  });
});
