/** For which cards a runtime's TensorFlow has code, as `scripts/lock-runtimes.mjs` read it from the library itself. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import * as z from 'zod';

const Capability = z.string().regex(/^\d+\.\d+$/);

export const DeviceCode = z.strictObject({
  /** TensorFlow's version. */
  tensorflow: z.string(),
  /** Compute capabilities for which kernels are compiled. */
  machineCode: z.array(Capability),
  /** Those for which there is portable code (PTX), which the driver compiles for any later card. */
  portable: z.array(Capability),
  /** By op the kernels that a card has, each as the types that its attributes may have; left out: any. */
  kernels: z.record(z.string(), z.array(z.record(z.string(), z.array(z.string())))),
});
export type DeviceCode = z.infer<typeof DeviceCode>;

let known: DeviceCode | null = null;

/** Of the runtime for cards; read once. */
export function readDeviceCode(): DeviceCode {
  const path = fileURLToPath(new URL('../../../runtime/cuda12.device.json', import.meta.url));
  known ??= DeviceCode.parse(JSON.parse(readFileSync(path, 'utf8')));
  return known;
}

/**
 * How a card runs the library's kernels: `compiled` as they are, `portable` after its driver has compiled them at their
 * first use, `none` not at all.
 *
 * @param capability of the card ("8.6")
 */
export function codeFor(
  capability: string,
  { machineCode, portable }: Pick<DeviceCode, 'machineCode' | 'portable'>,
): 'compiled' | 'portable' | 'none' {
  const [major, minor] = partsOf(capability);
  const runs = machineCode.some((code) => partsOf(code)[0] === major && partsOf(code)[1] <= minor);
  if (runs) return 'compiled';
  const older = ([m, n]: [number, number]): boolean => m < major || (m === major && n <= minor);
  return portable.some((code) => older(partsOf(code))) ? 'portable' : 'none';
}

function partsOf(capability: string): [major: number, minor: number] {
  const [major, minor] = capability.split('.').map(Number);
  return [major!, minor!];
}
