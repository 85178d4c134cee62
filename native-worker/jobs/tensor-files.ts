import type * as tfjs from '@tensorflow/tfjs-core';
import type { NetworkPlan } from '../../contract/architecture.ts';
import { AppError } from '../../contract/errors.ts';
import { buffersFrom, officialTensors, parametersFrom, type OfficialTensor } from '../edm2/layout.ts';
import type { Buffers, Parameters } from '../edm2/types.ts';
import type { SafetensorsFile, TensorToWrite } from '../store/safetensors.ts';

/** Between tensors of the device and tensors of files, which have the official names, shapes and layouts. */

/**
 * Brings tensors to the host for writing, float32 in the official layout. This is a stop of the GPU.
 *
 * @param prefix goes before each name
 */
export function tensorsToWrite(tensors: Readonly<Record<string, tfjs.Tensor>>, prefix = ''): TensorToWrite[] {
  return officialTensors(tensors).map(({ name, shape, data }) => ({
    name: `${prefix}${name}`,
    dtype: 'F32',
    shape,
    data,
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
