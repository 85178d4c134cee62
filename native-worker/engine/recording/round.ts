import { DataType } from '../proto/tensorflow_pb.js';

/** Floating types of 16 bits. */
export type ReducedType = DataType.DT_BFLOAT16 | DataType.DT_HALF;

/**
 * Numbers in a floating type of 16 bits, rounded to the nearest, ties to even, as TensorFlow's casts do.
 *
 * @returns the bits, as constants of a graph hold them
 */
export function roundTo(dtype: ReducedType, values: Float32Array): Uint16Array {
  return dtype === DataType.DT_BFLOAT16 ? bfloat16Bits(values) : new Uint16Array(Float16Array.from(values).buffer);
}

/** The upper half of the float32 after rounding; JavaScript has no such type. */
function bfloat16Bits(values: Float32Array): Uint16Array {
  const bits = new Uint32Array(Float32Array.from(values).buffer);
  return Uint16Array.from(bits, (word, index) => {
    if (Number.isNaN(values[index])) return 0x7fc0;
    return (word + 0x7fff + ((word >>> 16) & 1)) >>> 16;
  });
}
