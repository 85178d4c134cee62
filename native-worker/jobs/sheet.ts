import { encodeSheet } from '../data/png.ts';
import { writeAll, writeDurably } from '../store/durable-file.ts';
import type { Library } from '../store/library.ts';
import { recordFiles } from '../store/recorded-files.ts';
import { insertSample, type NewSample } from '../store/samples.ts';

/**
 * Writes pictures as one PNG, durably, and then its row.
 *
 * @param pixels   uint8 NHWC
 * @param channels 1 or 3
 * @returns id of the row
 * @throws {AppError} 'no-space'
 */
export async function saveSheet(
  library: Library,
  pixels: Uint8Array,
  channels: number,
  sample: NewSample,
): Promise<number> {
  const png = await encodeSheet({ pixels, resolution: sample.resolution, channels }, { columns: sample.columns });
  return recordFiles(
    library,
    [sample.file],
    ([path]) => writeDurably(path!, (fd) => writeAll(fd, png)),
    () => insertSample(library.db, sample),
  );
}
