import type { FileHandle } from 'node:fs/promises';
import { writeAllAt, writeDurablyAsync } from '../store/durable-file.ts';
import { encodeHeader, type Header, layOut } from '../store/safetensors-header.ts';
import { DATASET_FORMAT, type DatasetDescription, datasetMetadata, IMAGES, LABELS } from './dataset-format.ts';
import { PixelStatistics } from './pixel-statistics.ts';

/** Pictures are collected to this many bytes before they go to the disk. */
const WRITE_BYTES = 2 ** 22;

/** Room for what is known only at the end: the digits of the standard deviation and longer words. */
const SPARE_HEADER_BYTES = 1024;

/** What is known before the first picture: an upper bound of what the header will say. */
export interface PackPlan {
  readonly resolution: number;
  readonly channels: number;
  /** At most this many pictures will come. */
  readonly capacity: number;
  /** At most these classes; the words may change a little. */
  readonly description: DatasetDescription;
}

/** What is known after the last one. */
export interface PackResult {
  readonly description: DatasetDescription;
  /** One for each picture that was appended. */
  readonly labels: Int32Array;
}

/**
 * Writes a packed dataset durably while its pictures come in: the header's place is kept free, pictures follow, then
 * labels, and the header comes last. Nothing is left if `produce` throws.
 *
 * @param produce appends pictures, uint8 [resolution, resolution, channels], one after the other
 * @throws {AppError} 'no-space', and whatever `produce` throws
 */
export async function packDataset(
  file: string,
  plan: PackPlan,
  produce: (append: (picture: Uint8Array) => Promise<void>) => Promise<PackResult>,
): Promise<void> {
  const { resolution, channels } = plan;
  const header = (count: number, description: DatasetDescription, pixelStd: number): Header => ({
    metadata: datasetMetadata(description, pixelStd),
    tensors: layOut([
      { name: IMAGES, dtype: 'U8', shape: [count, resolution, resolution, channels] },
      { name: LABELS, dtype: 'I32', shape: [count] },
    ]),
  });
  const headerBytes = encodeHeader(header(plan.capacity, plan.description, 0)).length + SPARE_HEADER_BYTES;
  await writeDurablyAsync(file, async (handle) => {
    const pictures = new PictureWriter(handle, headerBytes);
    const statistics = new PixelStatistics();
    const { description, labels } = await produce(async (picture) => {
      statistics.add(picture);
      await pictures.append(picture);
    });
    await pictures.flush();
    await writeAllAt(handle, new Uint8Array(labels.buffer, labels.byteOffset, labels.byteLength), pictures.position);
    const bytes = encodeHeader(header(labels.length, description, statistics.standardDeviation()), headerBytes);
    if (bytes.length !== headerBytes) throw new Error(`${DATASET_FORMAT}: the header outgrew its ${headerBytes} bytes`);
    await writeAllAt(handle, bytes, 0);
  });
}

/** Writes pictures one behind the other, several at once. */
class PictureWriter {
  /** Where the next byte after those collected so far will lie. */
  position: number;
  readonly #file: FileHandle;
  readonly #buffer = new Uint8Array(WRITE_BYTES);
  #filled = 0;

  constructor(file: FileHandle, position: number) {
    this.#file = file;
    this.position = position;
  }

  async append(picture: Uint8Array): Promise<void> {
    if (this.#filled + picture.length > WRITE_BYTES) await this.flush();
    this.#buffer.set(picture, this.#filled);
    this.#filled += picture.length;
    this.position += picture.length;
  }

  async flush(): Promise<void> {
    await writeAllAt(this.#file, this.#buffer.subarray(0, this.#filled), this.position - this.#filled);
    this.#filled = 0;
  }
}
