/**
 * Whether a card may take convolutions and products of float32 in TF32, with 11 bits of precision instead of 24. TensorFlow
 * has a switch of its own for its process, which is on unless told otherwise; NVIDIA's libraries read
 * NVIDIA_TF32_OVERRIDE, which can only forbid.
 */
import { cApi } from './c-api.ts';

/** Sets TensorFlow's switch as the process's environment says (`jobEnvironment`). */
export function setTensorFloat32(environment: Readonly<Record<string, string | undefined>> = process.env): void {
  cApi().tensorFloat32?.set(environment.NVIDIA_TF32_OVERRIDE !== '0');
}

/** null: this TensorFlow has no such switch. */
export function tensorFloat32(): boolean | null {
  return cApi().tensorFloat32?.get() ?? null;
}
