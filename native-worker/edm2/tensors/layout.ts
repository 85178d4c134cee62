import * as tf from '@tensorflow/tfjs-core';
import type { NetworkPlan } from '../../../contract/architecture.ts';
import { AppError } from '../../../contract/errors.ts';
import type { Buffers, Parameters } from './types.ts';

/** Numbers with an official name and shape, as files hold them. */
export interface OfficialTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** [K, K, Cin, Cout] to OIHW, [in, out] to [out, in]; others as they are. The caller disposes the result. */
export function toOfficial(x: tf.Tensor): tf.Tensor {
  if (x.rank === 4) return tf.transpose(x, [3, 2, 0, 1]);
  return x.rank === 2 ? tf.transpose(x, [1, 0]) : x.clone();
}

/**
 * `toOfficial` of numbers on the host, without TensorFlow.
 *
 * @param shape of a tensor inside: [K, K, Cin, Cout], [in, out], or any other, which stays as it is
 */
export function toOfficialNumbers(
  shape: readonly number[],
  numbers: Float32Array,
): { readonly shape: readonly number[]; readonly data: Float32Array } {
  if (shape.length !== 4 && shape.length !== 2) return { shape, data: numbers };
  const [height, width] = shape.length === 4 ? [shape[0]!, shape[1]!] : [1, 1];
  const [inputs, outputs] = [shape.at(-2)!, shape.at(-1)!];
  const pixels = height * width;
  const data = new Float32Array(numbers.length);
  // Outputs lie side by side, and pixels will: what is read and written together stays in the cache.
  for (let first = 0; first < outputs; first += TOGETHER) {
    const end = Math.min(outputs, first + TOGETHER);
    for (let input = 0; input < inputs; input += 1) {
      for (let pixel = 0; pixel < pixels; pixel += 1) {
        const from = (pixel * inputs + input) * outputs;
        let to = (first * inputs + input) * pixels + pixel;
        for (let output = first; output < end; output += 1) {
          data[to] = numbers[from + output]!;
          to += inputs * pixels;
        }
      }
    }
  }
  return { shape: shape.length === 4 ? [outputs, inputs, height, width] : [outputs, inputs], data };
}

const TOGETHER = 16;

/** The way back. */
export function fromOfficial(x: tf.Tensor): tf.Tensor {
  if (x.rank === 4) return tf.transpose(x, [2, 3, 1, 0]);
  return x.rank === 2 ? tf.transpose(x, [1, 0]) : x.clone();
}

/** Reads tensors back from the device, which waits for it, into official layout; in the order of the record. */
export function officialTensors(tensors: Readonly<Record<string, tf.Tensor>>): OfficialTensor[] {
  return Object.entries(tensors).map(([name, tensor]) => {
    const official = toOfficial(tensor);
    const data = official.dataSync<'float32'>();
    const { shape } = official;
    official.dispose();
    return { name, shape, data };
  });
}

/**
 * The trainable tensors of a network from official ones.
 *
 * @param read gives shape and numbers of a name; null: there is no such tensor
 * @throws {AppError} 'corrupt-file' if a tensor is missing or of the wrong shape
 */
export function parametersFrom(
  plan: NetworkPlan,
  read: (name: string) => Omit<OfficialTensor, 'name'> | null,
): Parameters {
  return Object.fromEntries(plan.parameters.map(({ name, shape }) => [name, fromFile(name, shape, read(name))]));
}

/** As `parametersFrom`, for the Fourier features' frequencies and phases. */
export function buffersFrom(plan: NetworkPlan, read: (name: string) => Omit<OfficialTensor, 'name'> | null): Buffers {
  return Object.fromEntries(
    plan.buffers.map(({ name, shape }) => [name, fromFile(name, shape, read(name)) as tf.Tensor1D]),
  );
}

/**
 * A tensor of a network from an official one.
 *
 * @param shape the official shape that it must have
 * @param found null: there is none
 * @throws {AppError} 'corrupt-file'
 */
export function fromFile(
  name: string,
  shape: readonly number[],
  found: Omit<OfficialTensor, 'name'> | null,
): tf.Tensor {
  const { data } = checkFile(name, shape, found);
  return tf.tidy(() => fromOfficial(tf.tensor(data, [...shape], 'float32')));
}

/** What was found, if it is what the network needs. @throws {AppError} 'corrupt-file' */
export function checkFile<Found extends { readonly shape: readonly number[] }>(
  name: string,
  shape: readonly number[],
  found: Found | null,
): Found {
  if (found === null)
    throw new AppError('corrupt-file', `The file has no tensor "${name}"; it belongs to another network.`);
  if (found.shape.join() !== shape.join()) {
    throw new AppError(
      'corrupt-file',
      `Tensor "${name}" is [${found.shape}] where the network needs [${shape}]; the file belongs to another network.`,
    );
  }
  return found;
}

/** One-hot classes as the network wants them, [N, labelDim]; null stands for no class and gives zeros. */
export function oneHot(labels: readonly (number | null)[] | Int32Array, labelDim: number): tf.Tensor2D | null {
  return labelDim === 0 ? null : tf.tensor2d(oneHotRows(labels, labelDim), [labels.length, labelDim]);
}

/** The numbers of `oneHot`, row by row. @throws {AppError} 'invalid-input' for a class that there is not */
export function oneHotRows(labels: readonly (number | null)[] | Int32Array, labelDim: number): Float32Array {
  const rows = new Float32Array(labels.length * labelDim);
  labels.forEach((label: number | null, row: number) => {
    if (label === null || label < 0) return;
    if (label >= labelDim)
      throw new AppError('invalid-input', `Class ${label} does not exist; there are ${labelDim}, counted from 0.`);
    rows[row * labelDim + label] = 1;
  });
  return rows;
}

/** OIHW to [K, K, Cin, Cout], [out, in] to [in, out]. */
export function internalShape(shape: readonly number[]): number[] {
  if (shape.length === 4) return [shape[2]!, shape[3]!, shape[1]!, shape[0]!];
  return [...shape].reverse();
}
