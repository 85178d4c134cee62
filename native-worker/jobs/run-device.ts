import { machineOf, ownOf } from '../../contract/devices.ts';
import type { Run } from '../../contract/runs.ts';
import { describeDevice, type Device } from '../engine/device.ts';

/** What trains a run: what TensorFlow took of this machine, and the devices of others by name. */
export async function describeRunDevice({ devices }: Pick<Run, 'devices'>): Promise<Device> {
  const own = await describeDevice(process.env, Math.max(1, ownOf(devices ?? []).length));
  const others = (devices ?? []).filter((device) => machineOf(device) !== null);
  return { ...own, words: [own.words, ...others].join(' + ') };
}
