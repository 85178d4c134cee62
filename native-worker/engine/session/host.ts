import type { Tensor } from '@tensorflow/tfjs-core';
import { inWords, type HostTensor } from './host-tensor.ts';
import { tf } from '../tensorflow.ts';

/** What a session may be fed with: numbers of JavaScript's, or a tensor of tfjs. */
export type Fed = HostTensor | Tensor;

/** The numbers of what is fed. Those of a tfjs tensor are read back, which waits for the device. */
export function hostOf(fed: Fed): HostTensor {
  if ('values' in fed) return fed;
  const { dtype, shape } = fed;
  if (dtype === 'string' || dtype === 'complex64') throw new Error(`a session is fed with numbers, not ${dtype}`);
  return { dtype, shape, values: fed.dataSync() };
}

/** A tfjs tensor of the same numbers, which belongs to the caller; bytes become int32. */
export function tensorOf(host: HostTensor): Tensor {
  const { dtype, shape, values } = host;
  if (dtype === 'bfloat16' || dtype === 'half') throw new Error(`tfjs has no ${inWords(host)}`);
  return tf.tensor(values, [...shape], dtype === 'uint8' ? 'int32' : dtype);
}

/** As `tensorOf`, of each. */
export function tensorsOf(hosts: Readonly<Record<string, HostTensor>>): Record<string, Tensor> {
  return Object.fromEntries(Object.entries(hosts).map(([name, host]) => [name, tensorOf(host)]));
}
