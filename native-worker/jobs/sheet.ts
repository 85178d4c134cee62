import { encodeSheet, withText } from '../data/png.ts';
import { writeAll, writeDurably } from '../store/durable-file.ts';
import type { Library } from '../store/library.ts';
import { recordFiles } from '../store/recorded-files.ts';
import { insertSample, type NewSample } from '../store/samples.ts';

/** What a sheet says of itself: all that its row holds, as JSON under this keyword. */
const KEYWORD = 'edm2-studio';
/** Raised whenever an older version could not read it. */
const FORMAT = 'edm2-sheet/2';

/**
 * Writes pictures as one PNG that says what it shows, durably, and then its row.
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
  const { file, origin, runId, ...facts } = sample;
  const says = JSON.stringify({ format: FORMAT, kind: origin, run: runId, ...facts });
  const sheet = await encodeSheet({ pixels, resolution: sample.resolution, channels }, { columns: sample.columns });
  const png = withText(sheet, KEYWORD, says);
  return recordFiles(
    library,
    [file],
    ([path]) => writeDurably(path!, (fd) => writeAll(fd, png)),
    () => insertSample(library.db, sample),
  );
}
