import type { TensorBackend } from './binding-types.ts';
import { tf } from './tensorflow.ts';

export type { Binding, OpAttribute, OutputInfo, TensorBackend, Values } from './binding-types.ts';

export function backend(): TensorBackend {
  return tf.backend() as unknown as TensorBackend;
}
