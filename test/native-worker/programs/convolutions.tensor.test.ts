import { expect, test } from 'vitest';
import { planNetwork } from '../../../contract/architecture.ts';
import { findPreset } from '../../../contract/presets.ts';
import { recordProgram } from '../../../native-worker/engine/recording/program.ts';
import { GraphSession } from '../../../native-worker/engine/session/graph-session.ts';
import { tf } from '../../../native-worker/engine/tensorflow.ts';
import { convolutionsOnly } from '../../../native-worker/programs/convolutions.ts';

const { network } = findPreset('demo')!.config;
const plan = planNetwork(
  { ...network, modelChannels: 8, channelMult: [1, 2], attnResolutions: [], channelsPerHead: 8 },
  { resolution: 8, channels: 3, labelDim: 0 },
);

async function sumOf(backward: boolean): Promise<number> {
  const { state, entry } = convolutionsOnly(plan, 2, backward);
  const program = recordProgram({ state, entries: { convolutions: entry } });
  const session = new GraphSession(program);
  await session.initialise((name) => tf.ones([...state[name]!.shape]));
  const { sum } = await session.run('convolutions', {}, () => [0, 0], ['sum']);
  session.close();
  return sum!.values[0]!;
}

// With ones everywhere, a corner of a 3×3 convolution's output is 4 · Cin, for four of nine taps lie inside; any number
// of a 1×1 convolution's is Cin. An upsampling one is a 4×4 transposed one of stride 2, of which one tap in four meets a
// pixel, at a corner half of them in each direction.
const convolutions = plan.parameters.filter(({ role, shape }) => role === 'weight' && shape.length === 4);
const corner = ({ name, shape }: (typeof convolutions)[number]): number => {
  const [, cin, kernel] = shape as [number, number, number, number];
  if (name.includes('_up.conv_res0')) return cin;
  return kernel === 3 ? 4 * cin : cin;
};

test('every convolution of the network is computed once, with the shapes that the network has', async () => {
  expect(await sumOf(false)).toBe(convolutions.reduce((sum, one) => sum + corner(one), 0));
});

test('backward, every convolution has a gradient for its filters, and all but the first for their input', async () => {
  const forward = await sumOf(false);
  // All gradients of ones are positive sums, so that each of them adds at least 1.
  expect(await sumOf(true)).toBeGreaterThan(forward + 2 * convolutions.length - 1);
});
