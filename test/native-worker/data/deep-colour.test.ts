import fs from 'node:fs';
import path from 'node:path';
import zlib from 'node:zlib';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { decodePicture } from '../../../native-worker/data/picture.ts';
import { withChunk } from '../../../native-worker/data/png.ts';
import { encodeSrgb, powerProfile } from '../../support/color-profile.ts';

/** Of 255: rounding to 8 bits before a profile is applied, and after. */
const ROUNDING = 2;

function farthest(actual: Uint8Array, expected: ArrayLike<number>): number {
  expect(actual.length).toBe(expected.length);
  return actual.reduce((most, value, i) => Math.max(most, Math.abs(value - expected[i]!)), 0);
}

/** A PNG of one row of samples, square so that nothing is cropped, with a profile. */
async function encoded(
  samples: Uint16Array | Uint8Array,
  side: number,
  channels: 1 | 2 | 3 | 4,
  profile: Buffer,
): Promise<Buffer> {
  const deep = samples instanceof Uint16Array;
  const space = channels < 3 ? (deep ? 'grey16' : 'b-w') : deep ? 'rgb16' : 'srgb';
  const png = await sharp(samples, { raw: { width: side, height: side, channels } })
    .toColourspace(space)
    .png()
    .toBuffer();
  expect((await sharp(png).metadata()).depth).toBe(deep ? 'ushort' : 'uchar');
  return withChunk(png, 'iCCP', Buffer.concat([Buffer.from('test\0\0', 'latin1'), zlib.deflateSync(profile)]));
}

describe('a picture of 16 bits with a profile comes out in sRGB', () => {
  test.each(['adobe-rgb', 'prophoto-rgb', 'srgb', 'srgb-with-alpha'])(
    '%s: as littleCMS converts it with 8 bits',
    async (name) => {
      const file = path.join(import.meta.dirname, 'deep-pictures', name);
      const pixels = await decodePicture(fs.readFileSync(`${file}.png`), 20);
      expect(farthest(pixels, fs.readFileSync(`${file}.rgb`))).toBeLessThanOrEqual(ROUNDING);
    },
  );

  const SIDE = 64;
  /** From black to white in 4096 steps, many of them between two of 8 bits. */
  const ramp = Uint16Array.from({ length: SIDE * SIDE }, (_, i) => i * 16);

  // littleCMS converts grey through a table; of steeper curves than these it is not exact with 8 bits either.
  test.each([1.8, 2.2])('grey whose light is its value to the power of %f', async (gamma) => {
    const expected = [...ramp].flatMap((v) => new Array<number>(3).fill(255 * encodeSrgb((v / 65_535) ** gamma)));
    const grey = await encoded(ramp, SIDE, 1, powerProfile('GRAY', gamma));
    expect(farthest(await decodePicture(grey, SIDE), expected)).toBeLessThanOrEqual(ROUNDING);
    const opaque = ramp.length * 2;
    const withAlpha = Uint16Array.from({ length: opaque }, (_, i) => (i % 2 === 0 ? ramp[i / 2]! : 65_535));
    const solid = await encoded(withAlpha, SIDE, 2, powerProfile('GRAY', gamma));
    expect(farthest(await decodePicture(solid, SIDE), expected)).toBeLessThanOrEqual(ROUNDING);
    const clear = withAlpha.map((v, i) => (i % 2 === 0 ? v : 0));
    const nothing = await encoded(clear, SIDE, 2, powerProfile('GRAY', gamma));
    expect(farthest(await decodePicture(nothing, SIDE), new Uint8Array(expected.length).fill(255))).toBe(0);
  });

  test.each([1, 1.8, 2.2])('colour whose light is its values to the power of %f', async (gamma) => {
    const colours = Uint16Array.from({ length: SIDE * SIDE * 3 }, (_, i) => {
      const step = Math.floor(i / 3);
      return [ramp[step]!, ramp[(step * 7) % ramp.length]!, ramp[(step * 61) % ramp.length]!][i % 3]!;
    });
    const picture = await encoded(colours, SIDE, 3, powerProfile('RGB', gamma));
    const expected = [...colours].map((v) => 255 * encodeSrgb((v / 65_535) ** gamma));
    expect(farthest(await decodePicture(picture, SIDE), expected)).toBeLessThanOrEqual(ROUNDING);
  });

  test('it is made small as its twin of 8 bits is: in sRGB, not in the values of its profile', async () => {
    const noise = Uint8Array.from({ length: 64 * 64 * 4 }, (_, i) => (i % 4 === 3 ? 255 - (i % 64) : (i * 7919) % 256));
    const profile = powerProfile('RGB', 1);
    const shallow = await encoded(noise, 64, 4, profile);
    const deep = await encoded(
      Uint16Array.from(noise, (v) => v * 257),
      64,
      4,
      profile,
    );
    const small = await decodePicture(shallow, 16);
    expect(farthest(await decodePicture(deep, 16), small)).toBeLessThanOrEqual(ROUNDING);
  });

  test('it is upright and cropped, too', async () => {
    const side = 16;
    const samples = Uint16Array.from({ length: side * side * 3 }, (_, i) =>
      Math.floor(i / 3) % side < 8 ? 65_535 : 0,
    );
    const png = await sharp(samples, { raw: { width: side, height: side, channels: 3 } })
      .extend({ top: 4, bottom: 4, background: '#0f0' })
      .toColourspace('rgb16')
      .withMetadata({ orientation: 6 })
      .png()
      .toBuffer();
    expect((await sharp(png).metadata()).depth).toBe('ushort');
    const gamma = Buffer.concat([Buffer.from('test\0\0', 'latin1'), zlib.deflateSync(powerProfile('RGB', 1))]);
    const pixels = await decodePicture(withChunk(png, 'iCCP', gamma), 8);
    // Orientation 6: what was left is above.
    expect([pixels[0], pixels[7 * 3], pixels[7 * 8 * 3]]).toEqual([255, 255, 0]);
  });

  test('a profile that is damaged leaves the values as they are', async () => {
    const profile = powerProfile('RGB', 1);
    profile.fill(0xff, 132); // its table of contents and all behind it
    const picture = await encoded(new Uint16Array(8 * 8 * 3).fill(0x4040), 8, 3, profile);
    expect(farthest(await decodePicture(picture, 8), new Uint8Array(8 * 8 * 3).fill(0x40))).toBe(0);
  });
});

test.each([1.8, 2.2])('8 bits of grey with a profile of power %f come out in sRGB', async (gamma) => {
  const ramp = Uint8Array.from({ length: 256 }, (_, i) => i);
  const expected = [...ramp].flatMap((v) => new Array<number>(3).fill(255 * encodeSrgb((v / 255) ** gamma)));
  const grey = await encoded(ramp, 16, 1, powerProfile('GRAY', gamma));
  expect(farthest(await decodePicture(grey, 16), expected)).toBeLessThanOrEqual(ROUNDING);
});
