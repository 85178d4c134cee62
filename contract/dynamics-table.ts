import * as z from 'zod';
import { defineCall } from './call.ts';
import { Id } from './common.ts';
import { DynamicsKind } from './dynamics.ts';

/** Numbers of rows and columns: [row][column]. */
export type Cells = readonly (readonly (number | null)[])[];

/** One kind over training: a table of rows and moments, both empty where the run did not record it. */
export interface DynamicsTable {
  readonly kind: DynamicsKind;
  /** Names of the rows, in network order ("unet.enc.32x32_block0.conv_res0") or with rising noise. */
  readonly layers: readonly string[];
  /** Names of all rows that the run recorded, where the table has only those that were asked for. */
  readonly allLayers?: readonly string[];
  /** Training images at each moment. */
  readonly nimg: readonly number[];
  /** As recorded at each moment; null where it was not finite or there was nothing to measure. */
  readonly values: Cells;
  /** What lies between moments that are shown; absent: nothing does, all of them are. */
  readonly span?: DynamicsSpan;
}

/** Each column stands for the ticks since the column before, that of its moment included. */
export interface DynamicsSpan {
  readonly ticks: readonly number[];
  /** Lowest finite number; null: there is none. */
  readonly low: Cells;
  /** Highest number; null where one was not finite, or nothing was measured. */
  readonly high: Cells;
}

/**
 * The same as it is sent: a map of a large network has half a million numbers, which JSON would write in ten million
 * letters. Cells are float32, little-endian, row after row, in base64; NaN stands for null.
 */
export const PackedDynamics = z.strictObject({
  kind: DynamicsKind,
  layers: z.array(z.string()),
  allLayers: z.array(z.string()).optional(),
  nimg: z.array(z.int()),
  values: z.string(),
  span: z.strictObject({ ticks: z.array(z.int().positive()), low: z.string(), high: z.string() }).nullable(),
});
export type PackedDynamics = z.infer<typeof PackedDynamics>;

export const runDynamics = defineCall(
  'runs.dynamics',
  z.strictObject({
    id: Id,
    kind: DynamicsKind,
    /** Only these rows, in network order; one that the run has not is left out, and the answer names all. null: all rows. */
    rows: z.array(z.string().max(200)).max(50).nullable().default(null),
    /** Only moments after this count of images. */
    afterNimg: z.int().min(-1).default(-1),
    /** Only moments up to this count of images; null: to the newest. */
    untilNimg: z.int().min(0).nullable().default(null),
    /** More moments become fewer columns, each with the extremes of what it stands for. */
    maxColumns: z.int().min(10).max(2000).default(400),
    /** Fewer columns, but 10 at least, where there are many rows: so many cells at most; null: any number. */
    maxCells: z.int().min(1000).nullable().default(null),
  }),
  PackedDynamics,
);

/** What was sent, as a table. */
export function unpackDynamics({ kind, layers, allLayers, nimg, values, span }: PackedDynamics): DynamicsTable {
  const cells = (packed: string): Cells => cellsOf(unpackFloats(packed), layers.length, nimg.length);
  const table = { kind, layers, ...(allLayers && { allLayers }), nimg, values: cells(values) };
  if (span === null) return table;
  return { ...table, span: { ticks: span.ticks, low: cells(span.low), high: cells(span.high) } };
}

function cellsOf(numbers: Float32Array, rows: number, columns: number): Cells {
  return Array.from({ length: rows }, (_row, row) =>
    Array.from(numbers.subarray(row * columns, (row + 1) * columns), (value) =>
      Number.isFinite(value) ? value : null,
    ),
  );
}

const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const valueOfDigit = new Uint8Array(128);
for (let value = 0; value < 64; value++) valueOfDigit[DIGITS.charCodeAt(value)] = value;

/** Numbers of base64, which runs without Node's and the browser's own. */
function unpackFloats(packed: string): Float32Array {
  const length = Math.floor((packed.replace(/=+$/, '').length * 3) / 4);
  const bytes = new Uint8Array(Math.ceil(length / 3) * 3);
  const digit = (at: number): number => valueOfDigit[packed.charCodeAt(at)] ?? 0;
  for (let from = 0, to = 0; to < length; from += 4, to += 3) {
    const bits = (digit(from) << 18) | (digit(from + 1) << 12) | (digit(from + 2) << 6) | digit(from + 3);
    bytes[to] = bits >> 16;
    bytes[to + 1] = bits >> 8;
    bytes[to + 2] = bits;
  }
  return new Float32Array(bytes.buffer.slice(0, length));
}
