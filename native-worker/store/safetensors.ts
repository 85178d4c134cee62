/// <reference lib="esnext.float16" />
/**
 * Tensor files in Hugging Face's safetensors format, which Python reads and writes, too. Numbers lie little-endian in
 * them, as in the memory of every processor that Node 24 has builds for on our platforms.
 */
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { AppError } from '../../contract/errors.ts';
import { MAX_IO_BYTES, writeAllAt, writeDurablyAsync } from './durable-file.ts';
import { openRegularFile, type OpenFile } from './open-file.ts';
import {
  corrupt,
  type Dtype,
  elementBytes,
  elementCount,
  encodeHeader,
  layOut,
  LENGTH_BYTES,
  MAX_HEADER_BYTES,
  parseHeader,
  type TensorInfo,
} from './safetensors-header.ts';

export type { Dtype, TensorInfo } from './safetensors-header.ts';

/** A tensor's numbers in memory; F16 is float32 there. */
export interface ArrayOf {
  F32: Float32Array;
  F16: Float32Array;
  U8: Uint8Array;
  I32: Int32Array;
  I64: BigInt64Array;
}
export type TensorData = ArrayOf[Dtype];

/**
 * A tensor to be written; row-major. F16 is rounded to nearest, ties to even. Numbers that a function gives are asked for
 * when their turn comes, so that not all need be in memory.
 */
export type TensorToWrite = {
  [D in Dtype]: {
    readonly name: string;
    readonly dtype: D;
    readonly shape: readonly number[];
    readonly data: ArrayOf[D] | (() => ArrayOf[D]);
  };
}[Dtype];

/** Bytes that are read and hashed at once. */
const HASHED_BYTES = 2 ** 22;

/** What the row in SQLite says about a file. */
export interface WrittenFile {
  /** Hexadecimal, of the whole file. */
  readonly sha256: string;
  readonly sizeBytes: number;
}

/**
 * Writes a tensor file durably (see `writeDurably`), tensor by tensor; the process goes on between two. Names, types,
 * shapes and metadata are as given; wide types come first in the file.
 *
 * @throws {AppError} 'shape' if data does not fill its shape, 'invalid-input' for a name that occurs twice, 'no-space'
 */
export async function writeSafetensors(
  file: string,
  tensors: readonly TensorToWrite[],
  metadata: Record<string, string> = {},
): Promise<WrittenFile> {
  for (const { name, shape, data } of tensors) if (typeof data !== 'function') checkCount(name, shape, data);
  const layout = layOut(tensors.toSorted((a, b) => elementBytes[b.dtype] - elementBytes[a.dtype]));
  const byName = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  return await writeDurablyAsync(file, async (handle) => {
    const hash = createHash('sha256');
    let sizeBytes = 0;
    const put = async (bytes: Uint8Array): Promise<void> => {
      for (let at = 0; at < bytes.byteLength; at += MAX_IO_BYTES) hash.update(bytes.subarray(at, at + MAX_IO_BYTES));
      await writeAllAt(handle, bytes, sizeBytes);
      sizeBytes += bytes.byteLength;
    };
    await put(encodeHeader({ metadata, tensors: layout }));
    for (const name of layout.keys()) await put(bytesOf(byName.get(name)!));
    return { sha256: hash.digest('hex'), sizeBytes };
  });
}

function checkCount(name: string, shape: readonly number[], { length }: TensorData): void {
  if (elementCount(shape) === length) return;
  throw new AppError('shape', `Tensor "${name}" of shape [${shape.join(', ')}] was given ${length} numbers.`);
}

/**
 * Opens a tensor file and checks its header; no tensor is read yet. Whoever opens it closes it.
 *
 * @throws {AppError} 'not-found' if there is no such file, 'forbidden' if it is a link, 'corrupt-file' if it is anything
 *   but a whole tensor file
 */
export function openSafetensors(file: string): SafetensorsFile {
  const opened = openRegularFile(file);
  try {
    return new SafetensorsFile(opened, path.basename(file));
  } catch (error) {
    fs.closeSync(opened.fd);
    throw error;
  }
}

/**
 * The same for a file of the library, of which every byte is compared with what was written.
 *
 * @param sha256 of the whole file, hexadecimal, as its row says
 * @throws {AppError} 'not-found', 'corrupt-file'
 */
export function openVerified(file: string, sha256: string): SafetensorsFile {
  const opened = openSafetensors(file);
  try {
    opened.verify(sha256);
    return opened;
  } catch (error) {
    opened.close();
    throw error;
  }
}

/** Files that this process has verified, with the hash that they had. */
const verified = new Map<string, string>();

/** The same, but a file is read through at its first opening only: many files are read again and again. */
export function openVerifiedOnce(file: string, sha256: string): SafetensorsFile {
  if (verified.get(file) === sha256) return openSafetensors(file);
  const opened = openVerified(file, sha256);
  verified.set(file, sha256);
  return opened;
}

/** An open tensor file; tensors are read by position, one at a time. */
export class SafetensorsFile {
  readonly metadata: Readonly<Record<string, string>>;
  readonly tensors: ReadonlyMap<string, TensorInfo>;
  readonly sizeBytes: number;
  readonly #fd: number;
  readonly #name: string;
  /** Where the data starts in the file. */
  readonly #dataStart: number;

  /** Use `openSafetensors`. Takes over the descriptor unless it throws. */
  constructor({ fd, sizeBytes }: OpenFile, name: string) {
    this.#fd = fd;
    this.#name = name;
    this.sizeBytes = sizeBytes;
    if (this.sizeBytes < LENGTH_BYTES) throw corrupt(name, `it has only ${this.sizeBytes} bytes`);
    const length = Buffer.alloc(LENGTH_BYTES);
    this.#readAt(length, 0);
    const headerBytes = Number(length.readBigUInt64LE());
    if (headerBytes > MAX_HEADER_BYTES) throw corrupt(name, 'its header is too long');
    if (LENGTH_BYTES + headerBytes > this.sizeBytes) throw corrupt(name, 'it ends within its header');
    this.#dataStart = LENGTH_BYTES + headerBytes;
    const json = Buffer.alloc(headerBytes);
    this.#readAt(json, LENGTH_BYTES);
    const header = parseHeader(json, this.sizeBytes - this.#dataStart, name);
    this.metadata = header.metadata;
    this.tensors = header.tensors;
  }

  /** Type, shape and place of a tensor. @throws {AppError} 'corrupt-file' if the file has none of that name */
  info(tensor: string): TensorInfo {
    const info = this.tensors.get(tensor);
    if (info === undefined) throw corrupt(this.#name, `it has no tensor "${tensor}"`);
    return info;
  }

  /**
   * Reads a whole tensor.
   *
   * @throws {AppError} 'corrupt-file' if there is no such tensor or the file was cut off since, 'out-of-memory'
   */
  read(tensor: string): TensorData {
    const info = this.info(tensor);
    const bytes = allocate(info.end - info.begin, tensor);
    this.readBytes(tensor, 0, bytes);
    return numbersOf(info.dtype, bytes);
  }

  /** The same for a tensor whose type is known. @throws {AppError} 'corrupt-file' if it is of another type */
  readAs<D extends Dtype>(tensor: string, dtype: D): ArrayOf[D] {
    const info = this.info(tensor);
    if (info.dtype !== dtype)
      throw corrupt(this.#name, `tensor "${tensor}" is of type ${info.dtype} instead of ${dtype}`);
    return this.read(tensor) as ArrayOf[D];
  }

  /**
   * Reads a stretch of a tensor of floats, F32 or F16, as float32.
   *
   * @param first index of the stretch's first number, row-major
   * @param count how many numbers
   * @throws {AppError} 'corrupt-file' if it is of another type or the file was cut off since
   */
  readFloats(tensor: string, first: number, count: number): Float32Array {
    const { dtype } = this.info(tensor);
    if (dtype !== 'F32' && dtype !== 'F16') throw corrupt(this.#name, `tensor "${tensor}" holds ${dtype}, not floats`);
    const bytes = allocate(count * elementBytes[dtype], tensor);
    this.readBytes(tensor, first * elementBytes[dtype], bytes);
    return numbersOf(dtype, bytes) as Float32Array;
  }

  /**
   * Fills `into` with bytes of a tensor as they lie in the file, starting `offset` bytes into the tensor.
   *
   * @throws {AppError} 'corrupt-file' if the file was cut off since it was opened
   */
  readBytes(tensor: string, offset: number, into: Uint8Array): void {
    const info = this.info(tensor);
    if (offset < 0 || info.begin + offset + into.byteLength > info.end) {
      throw new RangeError(`bytes ${offset} to ${offset + into.byteLength} lie outside tensor "${tensor}"`);
    }
    this.#readAt(into, this.#dataStart + info.begin + offset);
  }

  /**
   * Reads the whole file and compares it with its hash.
   *
   * @param sha256 hexadecimal
   * @throws {AppError} 'corrupt-file'
   */
  verify(sha256: string): void {
    const hash = createHash('sha256');
    const piece = new Uint8Array(Math.min(HASHED_BYTES, this.sizeBytes));
    for (let at = 0; at < this.sizeBytes; at += piece.byteLength) {
      const bytes = piece.subarray(0, Math.min(piece.byteLength, this.sizeBytes - at));
      this.#readAt(bytes, at);
      hash.update(bytes);
    }
    if (hash.digest('hex') !== sha256)
      throw corrupt(this.#name, 'its content is not what was written: the disk or another program has changed it');
  }

  close(): void {
    fs.closeSync(this.#fd);
  }

  #readAt(into: Uint8Array, position: number): void {
    for (let done = 0; done < into.byteLength;) {
      const count = fs.readSync(this.#fd, into, done, Math.min(into.byteLength - done, MAX_IO_BYTES), position + done);
      if (count === 0) throw corrupt(this.#name, `it ends at byte ${position + done}`);
      done += count;
    }
  }
}

function allocate(sizeBytes: number, tensor: string): Uint8Array<ArrayBuffer> {
  try {
    return new Uint8Array(sizeBytes);
  } catch (error) {
    throw new AppError(
      'out-of-memory',
      `There is not enough memory to read tensor "${tensor}" of ${sizeBytes} bytes.`,
      { cause: error },
    );
  }
}

/** Numbers over the same bytes, except F16, which is widened. */
function numbersOf(dtype: Dtype, bytes: Uint8Array<ArrayBuffer>): TensorData {
  switch (dtype) {
    case 'F32':
      return new Float32Array(bytes.buffer);
    case 'F16':
      return Float32Array.from(new Float16Array(bytes.buffer));
    case 'U8':
      return bytes;
    case 'I32':
      return new Int32Array(bytes.buffer);
    case 'I64':
      return new BigInt64Array(bytes.buffer);
  }
}

function bytesOf({ name, dtype, shape, data: given }: TensorToWrite): Uint8Array {
  const data = typeof given === 'function' ? given() : given;
  checkCount(name, shape, data);
  const view = dtype === 'F16' ? new Float16Array(data as Float32Array) : data;
  if (view.byteLength !== data.length * elementBytes[dtype]) {
    throw new AppError('shape', `${view.constructor.name} is not the array for ${dtype}.`);
  }
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}
