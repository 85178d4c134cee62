import zlib from 'node:zlib';
import sharp from 'sharp';

/** Pictures of one size, uint8, NHWC one behind the other. */
export interface Pictures {
  readonly pixels: Uint8Array;
  /** Width and height of each. */
  readonly resolution: number;
  /** 1 (grey) or 3 (RGB). */
  readonly channels: number;
}

export interface SheetLayout {
  /** Pictures of a row. */
  readonly columns: number;
  /** Pixels between pictures; none around them. */
  readonly gap?: number;
  /** Colour of gaps and of empty places, red, green and blue from 0 to 255; 'none': transparent. */
  readonly background?: readonly [number, number, number] | 'none';
}

/**
 * Draws pictures row by row on one sheet and encodes it as PNG; the pictures' pixels stay exactly what they are.
 * The last row may be part empty.
 */
export async function encodeSheet(pictures: Pictures, layout: SheetLayout): Promise<Buffer> {
  const { pixels, resolution, channels } = pictures;
  const { columns, gap = 0, background = [255, 255, 255] } = layout;
  const pictureBytes = resolution * resolution * channels;
  const count = pixels.length / pictureBytes;
  if (!Number.isInteger(count) || count < 1) {
    throw new RangeError(`${pixels.length} bytes are no pictures of ${resolution}×${resolution}×${channels}`);
  }
  const rows = Math.ceil(count / columns);
  const width = Math.min(columns, count) * (resolution + gap) - gap;
  const height = rows * (resolution + gap) - gap;
  const sheet = new Uint8ClampedArray(width * height * 4);
  if (background !== 'none') for (let at = 0; at < sheet.length; at += 4) sheet.set([...background, 255], at);
  for (let picture = 0; picture < count; picture++) {
    const left = (picture % columns) * (resolution + gap);
    const top = Math.floor(picture / columns) * (resolution + gap);
    for (let pixel = 0; pixel < resolution * resolution; pixel++) {
      const y = top + Math.floor(pixel / resolution);
      const x = left + (pixel % resolution);
      const from = picture * pictureBytes + pixel * channels;
      const to = (y * width + x) * 4;
      sheet[to] = pixels[from]!;
      sheet[to + 1] = pixels[from + (channels > 1 ? 1 : 0)]!;
      sheet[to + 2] = pixels[from + (channels > 1 ? 2 : 0)]!;
      sheet[to + 3] = 255;
    }
  }
  const image = sharp(sheet, { raw: { width, height, channels: 4 }, limitInputPixels: false });
  return (background === 'none' ? image : image.removeAlpha()).png().toBuffer();
}

/** Encodes one picture as PNG, pixel for pixel. */
export function encodePicture(picture: Pictures): Promise<Buffer> {
  return encodeSheet(picture, { columns: 1 });
}

/** Bytes of a PNG's signature and of its first chunk, which says how large the picture is. */
const HEAD_BYTES = 8 + 25;

/**
 * Writes a text into a PNG, as viewers show among a picture's properties (PNG specification, tEXt).
 *
 * @param keyword 1 to 79 letters
 * @param text    ASCII
 */
export function withText(png: Buffer, keyword: string, text: string): Buffer {
  return withChunk(png, 'tEXt', Buffer.from(`${keyword}\0${text}`, 'latin1'));
}

/** Puts a chunk behind the first one of a PNG. @param name four letters; what they mean is in the PNG specification */
export function withChunk(png: Buffer, name: string, content: Buffer): Buffer {
  const named = Buffer.concat([Buffer.from(name, 'latin1'), content]);
  const chunk = Buffer.alloc(4 + named.length + 4);
  chunk.writeUInt32BE(content.length);
  named.copy(chunk, 4);
  chunk.writeUInt32BE(zlib.crc32(named), 4 + named.length);
  return Buffer.concat([png.subarray(0, HEAD_BYTES), chunk, png.subarray(HEAD_BYTES)]);
}
