import { createHash, type Hash } from 'node:crypto';
import fs from 'node:fs';
import { MAX_IO_BYTES, writeAll, writingTo } from './durable-file.ts';
import { encodeHeader, layOut, type TensorInfo } from './safetensors-header.ts';
import type { WrittenFile } from './safetensors.ts';

/**
 * Writes a file of float32 tensors one after the other, for networks that should not be in memory whole. The file is
 * good only after `finish`: write it in a folder of the job's own and move it into place then.
 */
export class SafetensorsStream {
  readonly #file: string;
  readonly #names: string[];
  readonly #tensors: ReadonlyMap<string, TensorInfo>;
  readonly #hash: Hash = createHash('sha256');
  #fd: number;
  #sizeBytes = 0;
  #next = 0;

  /**
   * @param file    path of a file that does not exist yet, in a folder that does
   * @param tensors names and shapes in the order in which they will be written
   * @throws {AppError} 'no-space'
   */
  constructor(
    file: string,
    tensors: readonly { name: string; shape: readonly number[] }[],
    metadata: Record<string, string>,
  ) {
    this.#file = file;
    this.#tensors = layOut(tensors.map(({ name, shape }) => ({ name, shape, dtype: 'F32' })));
    this.#names = [...this.#tensors.keys()];
    this.#fd = fs.openSync(file, 'wx');
    try {
      this.#put(encodeHeader({ metadata, tensors: new Map(this.#tensors) }));
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Writes the next tensor. @throws {AppError} 'no-space'; an Error if it is not the one that comes next */
  write(name: string, data: Float32Array): void {
    const info = this.#tensors.get(name);
    if (name !== this.#names[this.#next] || info === undefined || info.end - info.begin !== data.byteLength) {
      throw new Error(`tensor "${name}" of ${data.length} numbers is not the one that comes next`);
    }
    this.#next += 1;
    this.#put(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }

  /** Makes sure that all is on the disk, and closes. @throws {AppError} 'no-space' */
  finish(): WrittenFile {
    if (this.#next < this.#names.length) throw new Error(`tensor "${this.#names[this.#next]}" was not written`);
    writingTo(this.#file, () => fs.fsyncSync(this.#fd));
    this.close();
    return { sha256: this.#hash.digest('hex'), sizeBytes: this.#sizeBytes };
  }

  /** Lets go of the file, whatever is in it; a second call does nothing. */
  close(): void {
    if (this.#fd >= 0) fs.closeSync(this.#fd);
    this.#fd = -1;
  }

  #put(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.byteLength; at += MAX_IO_BYTES)
      this.#hash.update(bytes.subarray(at, at + MAX_IO_BYTES));
    writingTo(this.#file, () => writeAll(this.#fd, bytes));
    this.#sizeBytes += bytes.byteLength;
  }
}
