import zlib from 'node:zlib';
import sharp from 'sharp';
import { CHANNELS, greyToColour } from './grey.ts';
import { withChunk } from './png.ts';

/** A square picture of 16 bits a channel. */
export interface DeepPicture {
  /** uint16 [side, side, channels] */
  readonly samples: Uint16Array;
  readonly side: number;
  /** Of grey (1) or colour (3), and transparency behind it if there is any. */
  readonly channels: number;
}

/** 8 bits are 16 in steps of this: 0 is 0, and 255 is 65535. */
const STEP = 257;

/** Pixels that are brought to sRGB at once; each takes some dozen bytes meanwhile. */
const PIXELS_AT_ONCE = 2 ** 20;

/**
 * Brings a picture of 16 bits a channel from its own profile to sRGB; transparency stays.
 *
 * sharp can't: with 16 bits it goes by way of Display P3, whose values it then takes for those of sRGB, and it passes
 * profiles of grey over; and littleCMS is up to 20 of 255 off there, for it goes through a coarse table. With 8 bits both
 * are right. So each pixel is taken as a point between corners of the grid that 8 bits make, the corners are
 * brought to sRGB, and the result lies between theirs as the pixel lay (Kasson et al., "Performing color space
 * conversions with three-dimensional linear interpolation", 1995: tetrahedra).
 *
 * @param icc the profile
 * @returns   a picture with three channels, or four
 */
export async function deepToSrgb(picture: DeepPicture, icc: Buffer): Promise<DeepPicture> {
  const { samples, side, channels } = picture;
  const hasAlpha = channels % 2 === 0;
  const inks = hasAlpha ? channels - 1 : channels;
  const channelsAfter = hasAlpha ? CHANNELS + 1 : CHANNELS;
  const result = new Uint16Array(side * side * channelsAfter);
  const rowsAtOnce = Math.ceil(PIXELS_AT_ONCE / side);
  for (let row = 0; row < side; row += rowsAtOnce) {
    const from = row * side;
    const pixels = Math.min(rowsAtOnce, side - row) * side;
    const { corners, weights } = cornersOf(samples.subarray(from * channels), pixels, channels, inks);
    const converted = await shallowToSrgb(corners, side * (inks + 1), inks, icc);
    for (let pixel = 0; pixel < pixels; pixel++) {
      const to = (from + pixel) * channelsAfter;
      for (let channel = 0; channel < CHANNELS; channel++) {
        let sum = 0;
        for (let corner = 0; corner <= inks; corner++) {
          const at = pixel * (inks + 1) + corner;
          sum += weights[at]! * converted[at * CHANNELS + channel]!;
        }
        result[to + channel] = Math.round(sum * STEP);
      }
      if (hasAlpha) result[to + CHANNELS] = samples[(from + pixel) * channels + inks]!;
    }
  }
  return { samples: result, side, channels: channelsAfter };
}

/**
 * The corners of 8 bits around each pixel: on the way from the one below it in all channels to the one above it, those
 * channels go up first that lie nearest to the upper one. The pixel is their weighted mean.
 *
 * @param samples  uint16 [at least pixels, channels]
 * @param inks     channels of colour or grey, which come first
 * @returns corners, uint8 [pixels, inks + 1, inks], and weights [pixels, inks + 1] that sum to 1
 */
function cornersOf(
  samples: Uint16Array,
  pixels: number,
  channels: number,
  inks: number,
): { corners: Uint8Array; weights: Float32Array } {
  const corners = new Uint8Array(pixels * (inks + 1) * inks);
  const weights = new Float32Array(pixels * (inks + 1));
  const corner = new Uint8Array(inks);
  const above = new Float32Array(inks); // how far above the lower corner, in steps
  for (let pixel = 0; pixel < pixels; pixel++) {
    for (let ink = 0; ink < inks; ink++) {
      const sample = samples[pixel * channels + ink]!;
      corner[ink] = Math.floor(sample / STEP);
      above[ink] = sample / STEP - corner[ink]!;
    }
    let left = 1;
    for (let step = 0; step <= inks; step++) {
      const at = pixel * (inks + 1) + step;
      for (let ink = 0; ink < inks; ink++) corners[at * inks + ink] = corner[ink]!;
      let next = 0; // the upper end of the way
      let rising = -1;
      for (let ink = 0; ink < inks; ink++) {
        if (above[ink]! <= next) continue;
        next = above[ink]!;
        rising = ink;
      }
      weights[at] = left - next;
      left = next;
      if (rising < 0) continue; // the pixel is reached: what is left weighs nothing
      corner[rising]! += 1;
      above[rising] = 0;
    }
  }
  return { corners, weights };
}

/** A picture of 8 bits, [height, width, inks], from a profile to sRGB, [height, width, 3]: as a PNG that carries the profile. */
async function shallowToSrgb(colours: Uint8Array, width: number, inks: number, icc: Buffer): Promise<Uint8Array> {
  const raw = { width, height: colours.length / (width * inks), channels: inks as 1 | 3 };
  const png = await sharp(colours, { raw, limitInputPixels: false })
    .toColourspace(inks === 1 ? 'b-w' : 'srgb')
    .png({ compressionLevel: 0 })
    .toBuffer();
  const profile = Buffer.concat([Buffer.from('profile\0\0', 'latin1'), zlib.deflateSync(icc)]);
  const { data, info } = await sharp(withChunk(png, 'iCCP', profile), { limitInputPixels: false })
    .toColourspace('srgb')
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true });
  return info.channels === CHANNELS ? data : greyToColour(data, info.channels);
}
