/**
 * The header of a safetensors file: 8 bytes of little-endian length, then JSON that says for each tensor its type, its
 * shape and where its bytes lie behind the header. Files come from anywhere, so nothing in it is believed unchecked.
 */
import * as z from 'zod';
import { AppError } from '../../contract/errors.ts';

/** Element types that we read and write, with their size in bytes. */
export const elementBytes = { F32: 4, F16: 2, U8: 1, I32: 4, I64: 8 } as const;
export type Dtype = keyof typeof elementBytes;

/** A tensor's place: `begin` and `end` count bytes from the end of the header. */
export interface TensorInfo {
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

export interface Header {
  readonly metadata: Record<string, string>;
  readonly tensors: Map<string, TensorInfo>;
}

/** As in the reference implementation: a longer header is an attack, not a network. */
export const MAX_HEADER_BYTES = 100_000_000;

/** Bytes of the number that says how long the JSON is. */
export const LENGTH_BYTES = 8;

/** The data starts at a multiple of this, so that every type can be mapped as it lies. */
const ALIGNMENT = 8;

const METADATA_KEY = '__metadata__';

const Entry = z.strictObject({
  dtype: z.string(),
  shape: z.array(z.int().nonnegative()),
  data_offsets: z.tuple([z.int().nonnegative(), z.int().nonnegative()]),
});

/** Number of elements of a shape; [] is a scalar. */
export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/**
 * Lays tensors out one behind the other, in the order given. Wide types should come first, or lengths fit, so that each
 * starts at a multiple of its element size: PyTorch maps them in place and insists.
 *
 * @throws {AppError} 'invalid-input' for a name that occurs twice
 */
export function layOut(
  specs: readonly { name: string; dtype: Dtype; shape: readonly number[] }[],
): Map<string, TensorInfo> {
  const tensors = new Map<string, TensorInfo>();
  let begin = 0;
  for (const { name, dtype, shape } of specs) {
    if (name === METADATA_KEY || tensors.has(name)) {
      throw new AppError('invalid-input', `A tensor file can't have two entries called "${name}".`);
    }
    const end = begin + elementCount(shape) * elementBytes[dtype];
    tensors.set(name, { dtype, shape: [...shape], begin, end });
    begin = end;
  }
  return tensors;
}

/**
 * The first bytes of a file: length and JSON, filled up with spaces to a multiple of 8.
 *
 * @param minimumBytes the result is at least this long; for headers that are written after the data
 */
export function encodeHeader(header: Header, minimumBytes = 0): Buffer {
  const entries: [string, unknown][] = Array.from(header.tensors, ([name, { dtype, shape, begin, end }]) => [
    name,
    { dtype, shape, data_offsets: [begin, end] },
  ]);
  if (Object.keys(header.metadata).length > 0) entries.unshift([METADATA_KEY, header.metadata]);
  // fromEntries, because assignment would lose a tensor named __proto__.
  const json = Buffer.from(JSON.stringify(Object.fromEntries(entries)), 'utf8');
  const total = Math.ceil(Math.max(LENGTH_BYTES + json.length, minimumBytes) / ALIGNMENT) * ALIGNMENT;
  if (total - LENGTH_BYTES > MAX_HEADER_BYTES) {
    throw new AppError(
      'invalid-input',
      `The names and metadata of a tensor file take ${total} bytes; at most ${MAX_HEADER_BYTES} can be read back.`,
    );
  }
  const bytes = Buffer.alloc(total, ' ');
  bytes.writeBigUInt64LE(BigInt(total - LENGTH_BYTES));
  json.copy(bytes, LENGTH_BYTES);
  return bytes;
}

/**
 * Reads and checks a header.
 *
 * @param json      the bytes behind the length
 * @param dataBytes bytes of the file behind the header; the tensors must fill them exactly, without gap or overlap
 * @param file      how messages name the file
 * @throws {AppError} 'corrupt-file'
 */
export function parseHeader(json: Uint8Array, dataBytes: number, file: string): Header {
  const content = parseJson(json, file);
  const tensors = new Map<string, TensorInfo>();
  let metadata: Record<string, string> = {};
  for (const [name, value] of Object.entries(content)) {
    if (name === METADATA_KEY) {
      if (!isTableOfTexts(value)) throw corrupt(file, 'its metadata is not a table of texts');
      metadata = value;
    } else {
      tensors.set(name, parseEntry(name, value, file));
    }
  }
  checkCoverage(tensors, dataBytes, file);
  return { metadata, tensors };
}

/** By hand, because zod's record passes over a key named __proto__. */
function isTableOfTexts(value: unknown): value is Record<string, string> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  return Object.values(value).every((text) => typeof text === 'string');
}

/** The error for a file that can't be what it says it is. */
export function corrupt(file: string, what: string, cause?: unknown): AppError {
  return new AppError('corrupt-file', `${file} is damaged or not a tensor file: ${what}.`, { cause });
}

function parseJson(json: Uint8Array, file: string): object {
  let content: unknown;
  try {
    content = JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(json));
  } catch (error) {
    throw corrupt(file, 'its header is not JSON', error);
  }
  if (typeof content !== 'object' || content === null || Array.isArray(content)) {
    throw corrupt(file, 'its header is not a table of tensors');
  }
  return content;
}

function parseEntry(name: string, value: unknown, file: string): TensorInfo {
  const tensor = `tensor ${JSON.stringify(name.slice(0, 100))}`;
  const parsed = Entry.safeParse(value);
  if (!parsed.success) throw corrupt(file, `${tensor} has no valid type, shape and place`);
  const { dtype, shape, data_offsets } = parsed.data;
  if (!isDtype(dtype))
    throw corrupt(file, `${tensor} has the type ${JSON.stringify(dtype.slice(0, 20))}, which can't be read here`);
  const [begin, end] = data_offsets;
  const bytes = elementCount(shape) * elementBytes[dtype];
  if (!Number.isSafeInteger(bytes) || end - begin !== bytes) {
    throw corrupt(file, `${tensor} of shape [${shape.slice(0, 16).join(', ')}] does not fit bytes ${begin} to ${end}`);
  }
  return { dtype, shape, begin, end };
}

function isDtype(text: string): text is Dtype {
  return Object.hasOwn(elementBytes, text);
}

function checkCoverage(tensors: ReadonlyMap<string, TensorInfo>, dataBytes: number, file: string): void {
  let covered = 0;
  for (const { begin, end } of [...tensors.values()].sort((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (begin < covered) throw corrupt(file, `two tensors overlap at byte ${begin}`);
    if (begin > covered) throw corrupt(file, `bytes ${covered} to ${begin} belong to no tensor`);
    covered = end;
  }
  if (covered > dataBytes) throw corrupt(file, `it is cut off: ${covered - dataBytes} bytes are missing`);
  if (covered < dataBytes) throw corrupt(file, `its last ${dataBytes - covered} bytes belong to no tensor`);
}
