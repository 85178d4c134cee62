import { describe, expect, test } from 'vitest';
import type { Tensor } from '@tensorflow/tfjs-core';
import { encodeBytes, encodePixels } from '../../../../native-worker/edm2/tensors/pixels.ts';
import { hostOf, type Fed } from '../../../../native-worker/engine/session/host.ts';
import { recordProgram, type ProgramSpec } from '../../../../native-worker/engine/recording/program.ts';
import { GraphSession } from '../../../../native-worker/engine/session/graph-session.ts';
import { numberOf } from '../../../../native-worker/engine/session/host-tensor.ts';
import { randomKernels } from '../../../../native-worker/engine/random.ts';
import { tf } from '../../../../native-worker/engine/tensorflow.ts';

const scalar = { shape: [], dtype: 'float32' } as const;
const vector = { shape: [3], dtype: 'float32' } as const;

/** A sum that runs: each call adds to it. */
const running: ProgramSpec = {
  state: { total: vector },
  entries: {
    add: {
      inputs: { x: vector },
      run: ({ inputs, state }) => ({ outputs: {}, state: { total: tf.add(state.total!, inputs.x!) } }),
    },
  },
};

/** Records, runs `use`, closes. */
async function withSession<T>(spec: ProgramSpec, use: (session: GraphSession) => Promise<T>): Promise<T> {
  const session = new GraphSession(recordProgram(spec));
  try {
    return await use(session);
  } finally {
    session.close();
  }
}

const noSeed = (): [number, number] => [0, 0];
const numbers = (tensor: Fed | undefined): number[] => Array.from(hostOf(tensor!).values);
/** Initial values by name. */
const from =
  (values: Readonly<Record<string, Fed>>) =>
  (name: string): Fed =>
    values[name]!;

describe('a recorded program', () => {
  test('gives the same loss and gradients as the program itself, bit for bit', async () => {
    const loss = (x: Tensor, w: Tensor): Tensor =>
      tf.sum(tf.square(tf.avgPool(tf.sigmoid(tf.conv2d(x as never, w as never, 1, 'same')), 2, 2, 'valid')));
    const both = (x: Tensor, w: Tensor): Record<string, Tensor> => {
      const { value, grads } = tf.valueAndGrads(loss)([x, w]);
      return { value, dx: grads[0]!, dw: grads[1]! };
    };
    const x = tf.randomNormal([2, 8, 8, 4], 0, 1, 'float32', 1);
    const w = tf.randomNormal([3, 3, 4, 6], 0, 1, 'float32', 2);
    const inputs = {
      x: { shape: x.shape, dtype: 'float32' },
      w: { shape: w.shape, dtype: 'float32' },
    } as const;
    const run: ProgramSpec['entries'][string]['run'] = ({ inputs }) => ({ outputs: both(inputs.x!, inputs.w!) });
    const recorded = await withSession({ state: {}, entries: { loss: { inputs, run } } }, async (session) =>
      session.run('loss', { x, w }, noSeed, ['value', 'dx', 'dw']),
    );
    const direct = both(x, w);
    for (const name of ['value', 'dx', 'dw']) expect(numbers(recorded[name])).toEqual(numbers(direct[name]));
  });

  test('keeps state from one run to the next, and reads it back', async () => {
    const spec: ProgramSpec = {
      state: { total: vector, untouched: scalar },
      entries: {
        add: {
          inputs: { x: vector },
          run: ({ inputs, state }) => {
            const total = tf.add(state.total!, inputs.x!);
            return { outputs: { before: tf.mul(state.total!, 1) }, state: { total } };
          },
        },
      },
    };
    await withSession(spec, async (session) => {
      await session.initialise(from({ total: tf.tensor1d([1, 2, 3]), untouched: tf.scalar(7) }));
      const x = tf.tensor1d([10, 10, 10]);
      expect(numbers((await session.run('add', { x }, noSeed, ['before'])).before)).toEqual([1, 2, 3]);
      expect(numbers((await session.run('add', { x }, noSeed, ['before'])).before)).toEqual([11, 12, 13]);
      const stored = await session.read(['total', 'untouched']);
      expect(numbers(stored.total)).toEqual([21, 22, 23]);
      expect(numbers(stored.untouched)).toEqual([7]);
    });
  });

  test('keeps nothing of what it was fed with: neither numbers that change later nor their memory', async () => {
    const spec: ProgramSpec = {
      state: { kept: vector },
      entries: { set: { inputs: { x: vector }, run: ({ inputs }) => ({ outputs: {}, state: { kept: inputs.x! } }) } },
    };
    await withSession(spec, async (session) => {
      const kept = async (): Promise<number[]> => numbers((await session.read(['kept'])).kept);
      const host = { dtype: 'float32', shape: [3], values: Float32Array.of(1, 2, 3) } as const;
      await session.initialise(() => host);
      host.values.fill(9);
      expect(await kept()).toEqual([1, 2, 3]);
      host.values.set([4, 5, 6]);
      await session.run('set', { x: host }, noSeed, []);
      host.values.fill(9);
      expect(await kept()).toEqual([4, 5, 6]);
      // The same memory is fed again after two runs; the state must not be in it.
      await session.run('set', { x: host }, noSeed, []);
      const before = await kept();
      host.values.fill(0);
      await session.run('set', { x: host }, noSeed, []);
      expect(before).toEqual([9, 9, 9]);
    });
  });

  test('is fed with bytes, which a graph encodes as the network takes them, to the last bit', async () => {
    const bytes = { shape: [256], dtype: 'uint8' } as const;
    const spec: ProgramSpec = {
      state: {},
      entries: { encode: { inputs: { x: bytes }, run: ({ inputs }) => ({ outputs: { y: encodeBytes(inputs.x!) } }) } },
    };
    const values = Uint8Array.from({ length: 256 }, (_, value) => value);
    const { y } = await withSession(spec, (session) =>
      session.run('encode', { x: { ...bytes, values } }, noSeed, ['y']),
    );
    expect(numbers(y)).toEqual(numbers(encodePixels(tf.tensor1d(values, 'int32'))));
  });

  test('lets JavaScript go on while it computes, and runs what it is asked for in that order', async () => {
    const big = { shape: [1024, 1024], dtype: 'float32' } as const;
    const spec: ProgramSpec = {
      state: { total: scalar },
      entries: {
        work: {
          inputs: { x: big, factor: scalar },
          run: ({ inputs, state }) => {
            let x = inputs.x!;
            for (let i = 0; i < 8; i++) x = tf.mul(tf.matMul(x, x), 1e-3);
            return { outputs: {}, state: { total: tf.add(tf.mul(state.total!, inputs.factor!), tf.mean(x)) } };
          },
        },
      },
    };
    await withSession(spec, async (session) => {
      await session.initialise(() => tf.scalar(1));
      const x = { ...big, values: new Float32Array(1024 * 1024) };
      const work = (factor: number): Promise<unknown> =>
        session.run('work', { x, factor: numberOf(factor) }, noSeed, []);
      let turns = 0;
      const ticking = setInterval(() => (turns += 1), 1);
      await work(3);
      clearInterval(ticking);
      expect(turns).toBeGreaterThan(5); // eight products of that size take tens of milliseconds
      await Promise.all([work(5), work(0), work(7)]);
      expect(numbers((await session.read(['total'])).total)).toEqual([0]);
      await session.run('work', { x, factor: numberOf(1) }, noSeed, []);
    });
  });

  test('may use a tensor from outside that another recording used before', async () => {
    const outside = tf.tensor1d([1, 2, 3]); // its numbers haven't reached the device yet
    const add: ProgramSpec = {
      state: {},
      entries: {
        add: { inputs: { x: vector }, run: ({ inputs }) => ({ outputs: { y: tf.add(inputs.x!, outside) } }) },
      },
    };
    for (let recording = 0; recording < 2; recording++) {
      await withSession(add, async (session) => {
        expect(numbers((await session.run('add', { x: tf.ones([3]) }, noSeed, ['y'])).y)).toEqual([2, 3, 4]);
      });
    }
    expect(numbers(outside)).toEqual([1, 2, 3]);
  });

  test('takes an input that nothing depends on', async () => {
    const spec: ProgramSpec = {
      state: {},
      entries: {
        pass: { inputs: { x: vector, unused: scalar }, run: ({ inputs }) => ({ outputs: { y: tf.neg(inputs.x!) } }) },
      },
    };
    await withSession(spec, async (session) => {
      const inputs = { x: tf.ones([3]), unused: tf.scalar(5) };
      expect(numbers((await session.run('pass', inputs, noSeed, ['y'])).y)).toEqual([-1, -1, -1]);
    });
  });

  test('draws the numbers that stateless kernels draw from the same seed', async () => {
    const spec: ProgramSpec = {
      state: {},
      entries: {
        draw: {
          inputs: {},
          run: ({ random }) => ({ outputs: { n: random.normal([4], 'noise'), u: random.uniform([4], 'mask') } }),
        },
      },
    };
    const seeds: Record<string, [number, number]> = { noise: [3, -4], mask: [5, 6] };
    await withSession(spec, async (session) => {
      const { n, u } = await session.run('draw', {}, (purpose) => seeds[purpose]!, ['n', 'u']);
      expect(numbers(n)).toEqual(numbers(randomKernels.normal([4], [3, -4])));
      expect(numbers(u)).toEqual(numbers(randomKernels.uniform([4], [5, 6])));
    });
  });

  test('steps Adam and an average in place, as the formula says', async () => {
    const spec: ProgramSpec = {
      state: { w: vector, m: vector, v: vector, ema: vector },
      entries: {
        step: {
          inputs: { g: vector, rate: scalar, b1: scalar, b2: scalar, eps: scalar, follow: scalar },
          run: ({ inputs, state, inPlace }) => {
            const halved = tf.mul(state.w!, 0.5); // the step may start from a changed parameter
            const scalars = {
              learningRate: inputs.rate!,
              firstPower: inputs.b1!,
              secondPower: inputs.b2!,
              epsilon: inputs.eps!,
            };
            const names = { parameter: 'w', first: 'm', second: 'v' };
            const w = inPlace.adam(names, halved, inputs.g!, scalars, { first: 0.9, second: 0.99 });
            inPlace.approach('ema', w, inputs.follow!);
            return { outputs: { halved }, state: { w } };
          },
        },
      },
    };
    await withSession(spec, async (session) => {
      const zeros = tf.zeros([3]);
      await session.initialise(from({ w: tf.tensor1d([2, 4, -6]), m: zeros, v: zeros, ema: zeros }));
      const s = (x: number): Tensor => tf.scalar(x);
      const inputs = {
        g: tf.tensor1d([1, -2, 0]),
        rate: s(0.1),
        b1: s(0.9),
        b2: s(0.99),
        eps: s(1e-9),
        follow: s(0.25),
      };
      expect(numbers((await session.run('step', inputs, noSeed, ['halved'])).halved)).toEqual([1, 2, -3]);
      const after = await session.read(['w', 'ema', 'm']);
      // The first step of Adam has the size of the learning rate, against the gradient's sign.
      for (const [i, want] of [0.9, 2.1, -3].entries()) expect(numbers(after.w)[i]).toBeCloseTo(want, 5);
      for (const [i, want] of [0.225, 0.525, -0.75].entries()) expect(numbers(after.ema)[i]).toBeCloseTo(want, 5);
      expect(numbers(after.m)[0]).toBeCloseTo(0.1, 6);
    });
  });

  test('is made without computing: a recording of large tensors takes no memory', () => {
    const before = process.memoryUsage.rss();
    const big = { shape: [4096, 4096], dtype: 'float32' } as const; // 64 MB each
    recordProgram({
      state: {},
      entries: {
        many: {
          inputs: { x: big },
          run: ({ inputs }) => {
            let x = inputs.x!;
            for (let i = 0; i < 50; i++) x = tf.matMul(x, x);
            return { outputs: { x } };
          },
        },
      },
    });
    expect(process.memoryUsage.rss() - before).toBeLessThan(64e6);
  });

  test('leaves no tensors behind', async () => {
    await withSession(running, async (session) => {
      const x = tf.tensor1d([1, 1, 1]);
      await session.initialise(from({ total: x }));
      const before = tf.memory().numTensors;
      for (let i = 0; i < 10; i++) await session.run('add', { x }, noSeed, []);
      expect(tf.memory().numTensors).toBe(before);
    });
  });
});

describe('what can not be recorded is refused by name', () => {
  const record = (run: ProgramSpec['entries'][string]['run']): void => {
    recordProgram({ state: {}, entries: { main: { inputs: { x: vector }, run } } });
  };

  test('reading numbers in the middle', () => {
    expect(() => record(({ inputs }) => ({ outputs: { x: tf.scalar(tf.sum(inputs.x!).dataSync()[0]!) } }))).toThrow(
      /reads the numbers of Sum/,
    );
  });

  test('an op without a shape rule', () => {
    expect(() => record(({ inputs }) => ({ outputs: { x: tf.erf(tf.cumprod(inputs.x!)) } }))).toThrow(
      /Cumprod can't be recorded/,
    );
  });

  test('a large tensor from outside; a small one becomes a constant', () => {
    const large = tf.tensor1d(new Float32Array(5000));
    large.square(); // puts it on the device
    expect(() => record(() => ({ outputs: { x: tf.sum(large) } }))).toThrow(/5000 numbers/);
    const small = tf.square(tf.tensor1d([1, 2, 3]));
    expect(() => record(({ inputs }) => ({ outputs: { x: tf.mul(inputs.x!, small) } }))).not.toThrow();
  });

  test('state that changes its shape', () => {
    const run: ProgramSpec['entries'][string]['run'] = ({ state }) => ({
      outputs: {},
      state: { total: tf.concat([state.total!, state.total!]) },
    });
    expect(() => recordProgram({ state: { total: vector }, entries: { grow: { inputs: {}, run } } })).toThrow(
      /shape of total from \[3\] to \[6\]/,
    );
  });

  test('TensorFlow computes again afterwards', () => {
    expect(() =>
      record(() => {
        throw new Error('boom');
      }),
    ).toThrow('boom');
    expect(numbers(tf.add(1, 2))).toEqual([3]);
  });
});

describe('what does not fit a program is refused before anything is computed', () => {
  test('inputs of another shape or type, or none; the state stays', async () => {
    await withSession(running, async (session) => {
      await session.initialise(from({ total: tf.tensor1d([1, 2, 3]) }));
      const add = (inputs: Record<string, Tensor>): Promise<unknown> => session.run('add', inputs, noSeed, []);
      await expect(add({ x: tf.ones([1]) })).rejects.toThrow(
        'x is fed as float32 [1], but the program was recorded for float32 [3]',
      );
      await expect(add({ x: tf.ones([3], 'int32') })).rejects.toThrow('x is fed as int32 [3]');
      await expect(add({})).rejects.toThrow('no tensor x');
      expect(numbers((await session.read(['total'])).total)).toEqual([1, 2, 3]);
    });
  });

  test('initial values of another shape', async () => {
    await withSession(running, async (session) => {
      await expect(session.initialise(() => tf.ones([4]))).rejects.toThrow('total is fed as float32 [4]');
    });
  });
});
