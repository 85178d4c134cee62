import type { Tensor } from '@tensorflow/tfjs-core';

/** Numbers as the native binding takes and gives them. */
export type Values = Float32Array | Int32Array | Uint8Array;

export interface OutputInfo {
  readonly id: number;
  readonly shape: number[];
  /** TensorFlow's code of the type. */
  readonly dtype: number;
}

/** An attribute of an op: TensorFlow's name, the code of its type, a plain value. */
export interface OpAttribute {
  readonly name: string;
  readonly type: number;
  readonly value: unknown;
}

/** The native binding of tfjs-node 4.22, where every kernel ends. */
export interface Binding {
  executeOp(op: string, attributes: OpAttribute[], inputs: number[], outputs: number): OutputInfo[];
  createTensor(shape: number[], dtype: number, values: Values): number;
  deleteTensor(id: number): void;
  tensorDataSync(id: number): Values;
  readonly TF_Version: string;
  readonly TF_FLOAT: number;
  readonly TF_INT32: number;
  readonly TF_ATTR_STRING: number;
  readonly TF_ATTR_INT: number;
  readonly TF_ATTR_FLOAT: number;
  readonly TF_ATTR_BOOL: number;
  readonly TF_ATTR_TYPE: number;
  readonly TF_ATTR_SHAPE: number;
}

/** What we use of tfjs-node's backend beside tfjs-core's own interface; its typings keep some of it private. */
export interface TensorBackend {
  binding: Binding;
  readonly isUsingGpuDevice: boolean;
  executeSingleOutput(op: string, attributes: readonly OpAttribute[], inputs: readonly Tensor[]): Tensor;
  /** Ids of tensors in the binding; those not on the device yet are put there. */
  getInputTensorIds(tensors: readonly Tensor[]): number[];
  /** Keeps numbers on JavaScript's side until a kernel wants them. */
  write(values: unknown, shape: number[], dtype: string): object;
  /** A tensor for something that lives in the binding. */
  createOutputTensor(info: OutputInfo): Tensor;
}
