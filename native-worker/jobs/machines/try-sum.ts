import { AppError } from '../../../contract/errors.ts';
import { recordProgram } from '../../engine/recording/program.ts';
import { onDevices } from '../../engine/recording/towers.ts';
import { GraphSession } from '../../engine/session/graph-session.ts';
import { checkDevices, deviceNames, executionAcross, type Joined } from '../../engine/sides.ts';
import { tf } from '../../engine/tensorflow.ts';

/** No run's program has so many sums. */
const OTHERS = 1e6;

/** Numbers that are added up: several, so that more than one message is sent. */
const COUNT = 1000;

/**
 * Adds up numbers over all devices of all machines, whose sum is known.
 *
 * @param withinMs so long it may take
 * @throws {AppError} 'runtime' if a device is missing or the sum is wrong
 * @throws {TensorFlowError} if a machine doesn't answer
 */
export async function trySum(joined: Joined, withinMs: number): Promise<void> {
  const names = deviceNames(joined.devices);
  const program = recordProgram({
    state: {},
    entries: {
      add: {
        inputs: { x: { dtype: 'float32', shape: [COUNT] } },
        run: ({ inputs, sumOverDevices }) => ({ outputs: sumOverDevices({ sum: inputs.x! }), state: {} }),
      },
    },
    devices: names.length,
    sumsAfter: OTHERS,
  });
  const limit = { startMs: withinMs, of: () => withinMs, took: () => undefined };
  const { session: options } = executionAcross({ ...joined, limit });
  const session = new GraphSession(onDevices(program, program, names), options);
  await checkDevices(session, names);
  // Small integers: their sum is exact in whatever order.
  const numbers = (tower: number): number[] => Array.from({ length: COUNT }, (_, index) => index + tower);
  const parts = names.map((_, tower) => ({ inputs: { x: tf.tensor1d(numbers(tower)) }, outputs: ['sum'], first: 0 }));
  const results = await session.runTogether('add', () => [0, 0], parts);
  session.close();
  const expected = Array.from({ length: COUNT }, (_, index) =>
    names.reduce((sum, _name, tower) => sum + index + tower, 0),
  );
  const wrong = results.findIndex(({ sum }) => expected.some((value, index) => sum!.values[index] !== value));
  if (wrong < 0) return;
  throw new AppError('runtime', `A sum over all devices came out wrong on ${names[wrong]!}: nothing is trained so.`);
}
