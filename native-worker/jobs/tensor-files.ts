import type * as tfjs from '@tensorflow/tfjs-core';
import type { NetworkPlan } from '../../contract/architecture.ts';
import { AppError } from '../../contract/errors.ts';
import { buffersFrom, parametersFrom, toOfficialNumbers, type OfficialTensor } from '../edm2/tensors/layout.ts';
import type { Buffers, Parameters } from '../edm2/tensors/types.ts';
import type { HeldTensors } from '../engine/session/graph-session.ts';
import type { SafetensorsFile, TensorToWrite } from '../store/safetensors.ts';

/** Between tensors of the device and tensors of files, which have the official names, shapes and layouts. */

/** A tensor of a state that is held, and what it is in a file. */
export interface HeldTensor {
  /** By `stateNames`. */
  readonly held: string;
  /** In the file, and its official shape. */
  readonly name: string;
  readonly shape: readonly number[];
}

/** Tensors for a file, float32 in the official layout; each is taken when its turn comes. */
export function tensorsToWrite(state: HeldTensors, tensors: readonly HeldTensor[]): TensorToWrite[] {
  return tensors.map(({ held, name, shape }) => ({
    name,
    dtype: 'F32',
    shape,
    data: () => {
      const inside = state.take(held);
      return toOfficialNumbers(inside.shape, inside.values as Float32Array).data;
    },
  }));
}

/**
 * Reads all parameters of a network; the caller disposes them.
 *
 * @throws {AppError} 'corrupt-file' if one is missing, has another shape or holds no floats, 'not-finite'
 */
export function readParameters(file: SafetensorsFile, plan: NetworkPlan, prefix = ''): Parameters {
  return parametersFrom(plan, (name) => readFloats(file, `${prefix}${name}`));
}

/** Reads the Fourier features' frequencies and phases; as `readParameters`. */
export function readBuffers(file: SafetensorsFile, plan: NetworkPlan, prefix = ''): Buffers {
  return buffersFrom(plan, (name) => readFloats(file, `${prefix}${name}`));
}

/** A tensor of floats, or null. @throws {AppError} 'corrupt-file' if it holds others, 'not-finite' */
export function readFloats(file: SafetensorsFile, name: string): Omit<OfficialTensor, 'name'> | null {
  const info = file.tensors.get(name);
  if (info === undefined) return null;
  const data = file.read(name);
  if (!(data instanceof Float32Array))
    throw new AppError('corrupt-file', `Tensor "${name}" holds ${info.dtype}, not floats.`);
  if (!data.every(Number.isFinite))
    throw new AppError('not-finite', `Tensor "${name}" holds numbers that are not finite.`);
  return { shape: info.shape, data };
}

export function disposeAll(tensors: Readonly<Record<string, tfjs.Tensor>>): void {
  for (const tensor of Object.values(tensors)) tensor.dispose();
}
