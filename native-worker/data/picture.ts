import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import sharp, { type ColourspaceEnum, type Sharp } from 'sharp';
import { hasSystemCode } from '../../contract/errors.ts';
import { beginning } from '../../contract/names.ts';
import { deepToSrgb } from './deep-colour.ts';
import { enlarge } from './enlarge.ts';
import { CHANNELS, greyToColour } from './grey.ts';

/** Larger pictures are refused before anything of their size is allocated. */
const MAX_PIXELS = 100_000_000;

/** Larger files are not read at all. */
const MAX_FILE_BYTES = 200 * 2 ** 20;

/** Why a file can't become a picture, in words that finish the sentence "left out: …". */
export class PictureProblem extends Error {
  constructor(reason: string, options?: { cause?: unknown }) {
    super(reason, options);
    this.name = 'PictureProblem';
  }
}

/**
 * Reads a picture file (see `decodePicture`). Its kind is told by its content, not by its name.
 *
 * @throws {PictureProblem} if it can't be read
 */
export async function readPicture(file: string, resolution: number): Promise<Uint8Array> {
  return decodePicture(await readFile(file), resolution);
}

/**
 * Turns an encoded PNG, JPEG or WebP into pixels: upright by its EXIF orientation, in sRGB, on white where it is
 * transparent, first frame if it moves, the largest centred square resized by Lanczos (small ones are enlarged).
 *
 * @param resolution width and height to make, in pixels
 * @returns uint8 [resolution, resolution, 3]
 * @throws {PictureProblem}
 */
export async function decodePicture(encoded: Buffer, resolution: number): Promise<Uint8Array> {
  refuseOtherKinds(encoded);
  try {
    const { image, side } = await centredSquare(encoded);
    const onWhite = image.flatten({ background: '#ffffff' });
    // Decoding JPEG at half size would be quicker, but the same picture as PNG would come out different.
    if (side > resolution) onWhite.resize(resolution, resolution, { kernel: 'lanczos3', fastShrinkOnLoad: false });
    const { data, info } = await onWhite
      .toColourspace('srgb')
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true });
    const pixels = info.channels === CHANNELS ? data : greyToColour(data, info.channels);
    return side < resolution ? enlarge(pixels, side, resolution, CHANNELS) : pixels;
  } catch (error) {
    throw new PictureProblem(decoderReason(error), { cause: error });
  }
}

/** The largest centred square of a picture, upright; a profile that sharp can apply is left to it. */
async function centredSquare(encoded: Buffer): Promise<{ image: Sharp; side: number }> {
  // A warning (an odd profile, bytes after the end) still leaves a whole picture; a cut-off file doesn't.
  const how = { limitInputPixels: MAX_PIXELS, failOn: 'error', autoOrient: true } as const;
  const { autoOrient, depth, icc, space } = await sharp(encoded, how).metadata();
  const side = Math.min(autoOrient.width, autoOrient.height);
  const deep = depth === 'ushort' && icc !== undefined;
  const image = sharp(encoded, { ...how, ignoreIcc: deep }).extract({
    left: Math.floor((autoOrient.width - side) / 2),
    top: Math.floor((autoOrient.height - side) / 2),
    width: side,
    height: side,
  });
  return { image: deep ? await profileApplied(image, space, icc) : image, side };
}

/** A square picture of 16 bits a channel in sRGB, without a profile. */
async function profileApplied(square: Sharp, space: keyof ColourspaceEnum, icc: Buffer): Promise<Sharp> {
  const { data, info } = await square
    .toColourspace(space)
    .raw({ depth: 'ushort' })
    .toBuffer({ resolveWithObject: true });
  const samples = new Uint16Array(data.buffer, data.byteOffset, data.length / Uint16Array.BYTES_PER_ELEMENT);
  const deep = await deepToSrgb({ samples, side: info.width, channels: info.channels }, icc);
  const raw = { width: info.width, height: info.height, channels: deep.channels as 3 | 4 };
  return sharp(deep.samples, { raw, limitInputPixels: MAX_PIXELS });
}

async function readFile(file: string): Promise<Buffer> {
  let handle: FileHandle | null = null;
  try {
    // Opening a pipe would otherwise wait for somebody to write into it. (Windows has no such flag: undefined counts as 0.)
    handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK);
    const stat = await handle.stat();
    if (!stat.isFile()) throw new PictureProblem('is not a regular file');
    if (stat.size === 0) throw new PictureProblem('is empty');
    if (stat.size > MAX_FILE_BYTES) throw new PictureProblem('is larger than 200 MB');
    return await handle.readFile();
  } catch (error) {
    if (error instanceof PictureProblem) throw error;
    throw new PictureProblem(systemReason(error, file), { cause: error });
  } finally {
    await handle?.close();
  }
}

/** First bytes of files that people keep among pictures, and what they are called. */
const otherKinds: readonly [string, RegExp][] = [
  ['a GIF', /^GIF8/u],
  ['a BMP', /^BM/u],
  ['a TIFF', /^(?:II\*\0|MM\0\*)/u],
  ['an AVIF', /^....ftypavi[fs]/su],
  ['a HEIC', /^....ftyp(?:hei|hev|mif1|msf1)/su],
  ['a JPEG XL', /^(?:\xff\x0a|\0\0\0\x0cJXL )/u],
  ['a Photoshop file', /^8BPS/u],
  ['an SVG', /^\s*<(?:\?xml|!--|svg)/u],
];

/** sharp would read more kinds than we promise, SVG among them, which is a program of a kind. */
function refuseOtherKinds(encoded: Buffer): void {
  const start = encoded.toString('latin1', 0, 16);
  if (/^(?:\x89PNG\r\n\x1a\n|\xff\xd8\xff|RIFF....WEBP)/su.test(start)) return;
  const kind = otherKinds.find(([, pattern]) => pattern.test(start))?.[0];
  throw new PictureProblem(
    kind === undefined ? 'is not a PNG, JPEG or WebP picture' : `is ${kind}; convert it to PNG, JPEG or WebP`,
  );
}

function decoderReason(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  if (message.includes('pixel limit')) return 'has more than 100 million pixels';
  return `is damaged or cut off (${beginning(message.replaceAll(/\s+/gu, ' '), 200)})`;
}

function systemReason(error: unknown, file: string): string {
  // A name whose bytes are no UTF-8 reaches us with replacement characters, and then names no file.
  if (file.includes('\ufffd')) return 'has a name that is not valid Unicode; rename it';
  if (hasSystemCode(error, 'EACCES') || hasSystemCode(error, 'EPERM')) return 'may not be read (permission denied)';
  if (hasSystemCode(error, 'ENOENT')) return 'disappeared during the import';
  if (hasSystemCode(error, 'ENAMETOOLONG')) return 'lies under a path that is too long';
  return `could not be read (${error instanceof Error ? error.message.split(',')[0]! : String(error)})`;
}
