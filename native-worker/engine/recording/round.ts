import { DataType } from '../proto/tensorflow_pb.js';

/** Floating types of 16 bits. */
export type ReducedType = DataType.DT_BFLOAT16 | DataType.DT_HALF;

/**
 * Numbers in a floating type of 16 bits, rounded to the nearest, ties to even, as TensorFlow's casts do.
 *
 * @returns the bits, as constants of a graph hold them
 */
export function roundTo(dtype: ReducedType, values: Float32Array): Uint16Array {
  return dtype === DataType.DT_BFLOAT16 ? bfloat16Bits(values) : halfBits(values);
}

/** The upper half of the float32 after rounding. */
function bfloat16Bits(values: Float32Array): Uint16Array {
  const bits = new Uint32Array(Float32Array.from(values).buffer);
  return Uint16Array.from(bits, (word, index) => {
    if (Number.isNaN(values[index])) return 0x7fc0;
    return (word + 0x7fff + ((word >>> 16) & 1)) >>> 16;
  });
}

/** Exponents of 2 of the smallest normal number, of the last bit of those below it, and of what is too large. */
const HALF = { smallestNormal: -14, lastBit: -24, tooLarge: 16 } as const;

/** Sign, 5 bits of exponent, 10 of fraction. */
function halfBits(values: Float32Array): Uint16Array {
  return Uint16Array.from(values, (value) => {
    const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
    const size = Math.abs(value);
    if (Number.isNaN(value)) return 0x7e00;
    if (size < 2 ** HALF.smallestNormal) return sign | toEven(size / 2 ** HALF.lastBit);
    const exponent = Math.floor(Math.log2(size));
    const fraction = toEven((size / 2 ** exponent - 1) * 1024);
    // A fraction that rounds up to 1024 carries into the exponent, which is what is meant.
    return exponent >= HALF.tooLarge ? sign | 0x7c00 : sign | (((exponent + 15) << 10) + fraction);
  });
}

function toEven(value: number): number {
  const below = Math.floor(value);
  const rest = value - below;
  if (rest === 0.5) return below % 2 === 0 ? below : below + 1;
  return rest > 0.5 ? below + 1 : below;
}
