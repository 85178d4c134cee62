import { DataType } from '../proto/tensorflow_pb.js';

/** Types of numbers that go into a session and come out of it; those of 16 bits as their bits. */
interface Numbers {
  float32: Float32Array;
  int32: Int32Array;
  uint8: Uint8Array;
  /** 0 or 1. */
  bool: Uint8Array;
  bfloat16: Uint16Array;
  half: Uint16Array;
}

export type ElementType = keyof Numbers;
export type HostValues = Numbers[ElementType];

/** Numbers in JavaScript's memory, with their shape. */
export interface HostTensor<Type extends ElementType = ElementType> {
  readonly dtype: Type;
  readonly shape: readonly number[];
  readonly values: Numbers[Type];
}

export interface Element {
  /** TensorFlow's number of the type. */
  readonly code: DataType;
  readonly bytes: number;
  readonly array: new (length: number) => HostValues;
}

export const elements: Readonly<Record<ElementType, Element>> = {
  float32: { code: DataType.DT_FLOAT, bytes: 4, array: Float32Array },
  int32: { code: DataType.DT_INT32, bytes: 4, array: Int32Array },
  uint8: { code: DataType.DT_UINT8, bytes: 1, array: Uint8Array },
  bool: { code: DataType.DT_BOOL, bytes: 1, array: Uint8Array },
  bfloat16: { code: DataType.DT_BFLOAT16, bytes: 2, array: Uint16Array },
  half: { code: DataType.DT_HALF, bytes: 2, array: Uint16Array },
};

/** The type with TensorFlow's number; undefined: none that we use. */
export function elementTypeOf(code: DataType): ElementType | undefined {
  return (Object.keys(elements) as ElementType[]).find((name) => elements[name].code === code);
}

export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((size, dimension) => size * dimension, 1);
}

/** "float32 [2,3]" */
export function inWords({ dtype, shape }: Pick<HostTensor, 'dtype' | 'shape'>): string {
  return `${dtype} [${shape.join()}]`;
}

/** A scalar, float32. */
export function numberOf(value: number): HostTensor<'float32'> {
  return { dtype: 'float32', shape: [], values: Float32Array.of(value) };
}

export function zerosOf<Type extends ElementType>(dtype: Type, shape: readonly number[]): HostTensor<Type> {
  return { dtype, shape, values: new elements[dtype].array(sizeOf(shape)) as Numbers[Type] };
}
