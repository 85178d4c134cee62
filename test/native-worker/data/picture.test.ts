import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import zlib from 'node:zlib';
import fc from 'fast-check';
import sharp, { type Sharp } from 'sharp';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { decodePicture, PictureProblem, readPicture } from '../../../native-worker/data/picture.ts';

const SIZE = 8;

/** Red, green and blue of one pixel of an 8×8 picture. */
function at(pixels: Uint8Array, x: number, y: number): number[] {
  return [...pixels.subarray((y * SIZE + x) * 3, (y * SIZE + x) * 3 + 3)];
}

function near(actual: number[], expected: number[], tolerance: number): void {
  actual.forEach((value, channel) => {
    expect(Math.abs(value - expected[channel]!), `${actual} instead of ${expected}`).toBeLessThanOrEqual(tolerance);
  });
}

function plain(
  width: number,
  height: number,
  background: string | { r: number; g: number; b: number; alpha?: number },
  channels: 3 | 4 = 3,
): Sharp {
  return sharp({ create: { width, height, channels, background } });
}

/** A picture whose left half is one colour and whose right half is another. */
function halves(width: number, height: number, left: number[], right: number[]): Sharp {
  const pixels = Uint8Array.from({ length: width * height * 3 }, (_, i) => {
    const x = Math.floor(i / 3) % width;
    return (x < width / 2 ? left : right)[i % 3]!;
  });
  return sharp(pixels, { raw: { width, height, channels: 3 } });
}

const RED = [255, 0, 0];
const BLUE = [0, 0, 255];
const WHITE = [255, 255, 255];

describe('a picture comes out in sRGB, 8 bits, three channels', () => {
  test.each([
    ['PNG', (image: Sharp) => image.png(), 0],
    ['palette PNG', (image: Sharp) => image.png({ palette: true }), 0],
    ['interlaced PNG', (image: Sharp) => image.png({ progressive: true }), 0],
    ['lossless WebP', (image: Sharp) => image.webp({ lossless: true }), 0],
    ['WebP', (image: Sharp) => image.webp({ quality: 100 }), 8],
    ['JPEG', (image: Sharp) => image.jpeg({ quality: 100, chromaSubsampling: '4:4:4' }), 4],
    ['progressive JPEG', (image: Sharp) => image.jpeg({ quality: 100, progressive: true }), 8],
  ])('%s', async (_name, encode, tolerance) => {
    const pixels = await decodePicture(await encode(halves(16, 16, RED, BLUE)).toBuffer(), SIZE);
    expect(pixels.length).toBe(SIZE * SIZE * 3);
    near(at(pixels, 0, 4), RED, tolerance);
    near(at(pixels, 7, 4), BLUE, tolerance);
  });

  test('CMYK JPEG: duller, because ink is, but the same colours', async () => {
    const encoded = await halves(16, 16, RED, BLUE).toColourspace('cmyk').jpeg({ quality: 100 }).toBuffer();
    expect((await sharp(encoded).metadata()).space).toBe('cmyk');
    const pixels = await decodePicture(encoded, SIZE);
    const [red = 0, , blueOfRed = 0] = at(pixels, 0, 4);
    const [redOfBlue = 0, , blue = 0] = at(pixels, 7, 4);
    expect(red - blueOfRed).toBeGreaterThan(150);
    expect(blue - redOfBlue).toBeGreaterThan(80);
  });

  test('grey: all three channels are the same', async () => {
    for (const encoded of [
      await plain(16, 16, { r: 90, g: 90, b: 90 }).toColourspace('b-w').png().toBuffer(),
      await plain(16, 16, { r: 90, g: 90, b: 90 }).toColourspace('b-w').jpeg({ quality: 100 }).toBuffer(),
    ]) {
      expect((await sharp(encoded).metadata()).channels).toBe(1);
      near(at(await decodePicture(encoded, SIZE), 3, 3), [90, 90, 90], 1);
    }
  });

  test('transparent places are white, half transparent ones half', async () => {
    const clear = await plain(16, 16, { r: 255, g: 0, b: 0, alpha: 0 }, 4).png().toBuffer();
    expect(at(await decodePicture(clear, SIZE), 4, 4)).toEqual(WHITE);
    const half = await plain(16, 16, { r: 255, g: 0, b: 0, alpha: 0.5 }, 4).png().toBuffer();
    near(at(await decodePicture(half, SIZE), 4, 4), [255, 127, 127], 1);
    const webp = await plain(16, 16, { r: 0, g: 0, b: 0, alpha: 0 }, 4).webp({ lossless: true }).toBuffer();
    expect(at(await decodePicture(webp, SIZE), 4, 4)).toEqual(WHITE);
  });

  test('grey with alpha', async () => {
    const raw = Uint8Array.from({ length: 16 * 16 * 2 }, (_, i) =>
      i % 2 === 0 ? 0 : Math.floor(i / 2) % 16 < 8 ? 255 : 0,
    );
    const encoded = await sharp(raw, { raw: { width: 16, height: 16, channels: 2 } })
      .toColourspace('b-w')
      .png()
      .toBuffer();
    expect((await sharp(encoded).metadata()).channels).toBe(2);
    const pixels = await decodePicture(encoded, SIZE);
    near(at(pixels, 0, 4), [0, 0, 0], 1);
    expect(at(pixels, 7, 4)).toEqual(WHITE);
  });

  test('16 bits: the upper eight', async () => {
    const grey = Uint16Array.from({ length: 16 * 16 }, () => 0x8040);
    const greyPng = await sharp(grey, { raw: { width: 16, height: 16, channels: 1 } })
      .toColourspace('grey16')
      .png()
      .toBuffer();
    expect((await sharp(greyPng).metadata()).depth).toBe('ushort');
    near(at(await decodePicture(greyPng, SIZE), 4, 4), [0x80, 0x80, 0x80], 1);
    const colour = Uint16Array.from({ length: 16 * 16 * 4 }, (_, i) => [0xffff, 0x8000, 0x0000, 0xffff][i % 4]!);
    const colourPng = await sharp(colour, { raw: { width: 16, height: 16, channels: 4 } })
      .toColourspace('rgb16')
      .png()
      .toBuffer();
    expect((await sharp(colourPng).metadata()).depth).toBe('ushort');
    near(at(await decodePicture(colourPng, SIZE), 4, 4), [255, 128, 0], 1);
    const clear = colour.map((value, i) => (i % 4 === 3 ? 0 : value));
    const clearPng = await sharp(clear, { raw: { width: 16, height: 16, channels: 4 } })
      .toColourspace('rgb16')
      .png()
      .toBuffer();
    near(at(await decodePicture(clearPng, SIZE), 4, 4), WHITE, 1);
  });

  test('a profile of its own: Display P3 green is outside sRGB and becomes its brightest green', async () => {
    const encoded = await plain(16, 16, { r: 0, g: 255, b: 0 }).withIccProfile('p3').png().toBuffer();
    near(at(await decodePicture(encoded, SIZE), 4, 4), [0, 255, 0], 6);
  });

  test('moving pictures: the first frame', async () => {
    const frames = [plain(16, 16, { r: 255, g: 0, b: 0 }), plain(16, 16, { r: 0, g: 0, b: 255 })];
    const buffers = await Promise.all(frames.map((frame) => frame.png().toBuffer()));
    const encoded = await sharp(buffers, { join: { animated: true } })
      .webp({ lossless: true })
      .toBuffer();
    expect((await sharp(encoded).metadata()).pages).toBe(2);
    expect(at(await decodePicture(encoded, SIZE), 4, 4)).toEqual(RED);
  });
});

describe('a picture comes out upright, square and whole', () => {
  test('the centred square is taken from wide and from high pictures', async () => {
    // Green, a square of red and blue, green.
    const wide = await halves(16, 16, RED, BLUE).extend({ left: 8, right: 8, background: '#00ff00' }).png().toBuffer();
    const pixels = await decodePicture(wide, SIZE);
    expect([at(pixels, 0, 4), at(pixels, 7, 4)]).toEqual([RED, BLUE]);
    const high = await halves(16, 16, RED, BLUE).extend({ top: 8, bottom: 9, background: '#00ff00' }).png().toBuffer();
    const upright = await decodePicture(high, SIZE);
    expect([at(upright, 0, 0), at(upright, 7, 7)]).toEqual([RED, BLUE]);
  });

  test.each([
    [1, RED, BLUE, RED, BLUE],
    [2, BLUE, RED, BLUE, RED],
    [3, BLUE, RED, BLUE, RED],
    [4, RED, BLUE, RED, BLUE],
    [5, RED, RED, BLUE, BLUE],
    [6, RED, RED, BLUE, BLUE],
    [7, BLUE, BLUE, RED, RED],
    [8, BLUE, BLUE, RED, RED],
  ])('EXIF orientation %i is undone', async (orientation, topLeft, topRight, bottomLeft, bottomRight) => {
    const encoded = await halves(32, 16, RED, BLUE).withMetadata({ orientation }).png().toBuffer();
    const pixels = await decodePicture(encoded, SIZE);
    expect([at(pixels, 0, 0), at(pixels, 7, 0), at(pixels, 0, 7), at(pixels, 7, 7)]).toEqual([
      topLeft,
      topRight,
      bottomLeft,
      bottomRight,
    ]);
  });

  test('tiny pictures are enlarged, thin ones cropped to what they have', async () => {
    const dot = await plain(1, 1, { r: 1, g: 2, b: 3 }).png().toBuffer();
    expect(at(await decodePicture(dot, SIZE), 7, 7)).toEqual([1, 2, 3]);
    const thin = await plain(1, 20_000, { r: 9, g: 8, b: 7 }).png().toBuffer();
    expect(at(await decodePicture(thin, SIZE), 0, 0)).toEqual([9, 8, 7]);
  });

  test('JPEG and PNG of the same pixels come out the same: no shortcut in decoding', async () => {
    const noise = sharp({
      create: {
        width: 256,
        height: 256,
        channels: 3,
        background: '#888',
        noise: { type: 'gaussian', mean: 128, sigma: 40 },
      },
    });
    const jpeg = await noise.jpeg({ quality: 95 }).toBuffer();
    const png = await sharp(jpeg).png().toBuffer();
    expect(await decodePicture(jpeg, SIZE)).toEqual(await decodePicture(png, SIZE));
  });

  test('means are kept when a fine pattern is made small', async () => {
    const pixels = Uint8Array.from({ length: 256 * 256 * 3 }, (_, i) => (Math.floor(i / 3) % 2 === 0 ? 0 : 255));
    const stripes = await sharp(pixels, { raw: { width: 256, height: 256, channels: 3 } })
      .png()
      .toBuffer();
    near(at(await decodePicture(stripes, SIZE), 4, 4), [128, 128, 128], 2);
  });
});

describe('what is no picture is said to be none', () => {
  let folder = '';
  beforeEach(() => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'edm2-picture-'));
  });
  afterEach(() => fs.rmSync(folder, { recursive: true, force: true }));

  async function reason(encoded: Buffer | string): Promise<string> {
    const error: unknown = await decodePicture(Buffer.from(encoded as string), SIZE).catch((error: unknown) => error);
    expect(error).toBeInstanceOf(PictureProblem);
    return (error as PictureProblem).message;
  }

  /** A PNG whose header claims a size, with hardly any data. */
  function claiming(width: number, height: number): Buffer {
    const chunk = (type: string, data: Buffer): Buffer => {
      const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
      const length = Buffer.alloc(4);
      length.writeUInt32BE(data.length);
      const check = Buffer.alloc(4);
      check.writeUInt32BE(zlib.crc32(body));
      return Buffer.concat([length, body, check]);
    };
    const header = Buffer.alloc(13);
    header.writeUInt32BE(width, 0);
    header.writeUInt32BE(height, 4);
    header.set([8, 2, 0, 0, 0], 8);
    const data = zlib.deflateSync(Buffer.alloc(1000));
    const signature = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');
    return Buffer.concat([signature, chunk('IHDR', header), chunk('IDAT', data), chunk('IEND', Buffer.alloc(0))]);
  }

  test('text under the name of a picture', async () => {
    expect(await reason('These are not pixels.')).toBe('is not a PNG, JPEG or WebP picture');
    expect(await reason('x')).toBe('is not a PNG, JPEG or WebP picture');
  });

  test.each([
    ['gif', 'is a GIF; convert it to PNG, JPEG or WebP'],
    ['tiff', 'is a TIFF; convert it to PNG, JPEG or WebP'],
    ['avif', 'is an AVIF; convert it to PNG, JPEG or WebP'],
  ] as const)('a %s renamed', async (format, words) => {
    expect(await reason(await plain(16, 16, '#f00').toFormat(format).toBuffer())).toBe(words);
  });

  test('an SVG renamed is not drawn', async () => {
    expect(await reason('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>')).toContain('is an SVG');
    expect(await reason('  <?xml version="1.0"?><svg/>')).toContain('is an SVG');
  });

  test.each(['jpeg', 'png', 'webp'] as const)('a %s that is cut off', async (format) => {
    const noise = sharp({
      create: {
        width: 128,
        height: 128,
        channels: 3,
        background: '#888',
        noise: { type: 'gaussian', mean: 128, sigma: 40 },
      },
    });
    const encoded = await noise.toFormat(format).toBuffer();
    for (const share of [0.05, 0.5, 0.95]) {
      expect(await reason(encoded.subarray(0, encoded.length * share))).toMatch(/^is damaged or cut off \(/u);
    }
  });

  test('a header that claims more than 100 million pixels, without allocating them', async () => {
    const before = process.memoryUsage.rss();
    expect(await reason(claiming(60_000, 60_000))).toBe('has more than 100 million pixels');
    expect(await reason(claiming(2 ** 31 - 1, 2 ** 31 - 1))).toMatch(/pixels|damaged/u);
    expect(process.memoryUsage.rss() - before).toBeLessThan(100e6);
  });

  test('a picture of claimed size without the data for it', async () => {
    expect(await reason(claiming(5000, 5000))).toMatch(/^is damaged or cut off/u);
  });

  test('any bytes behind the first ones of a picture', async () => {
    const starts = ['\x89PNG\r\n\x1a\n', '\xff\xd8\xff', 'RIFF\x20\0\0\0WEBP'].map((text) =>
      Buffer.from(text, 'latin1'),
    );
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...starts), fc.uint8Array({ maxLength: 200 }), async (start, rest) => {
        expect(await reason(Buffer.concat([start, rest]))).toMatch(/^(?:is damaged|has more)/u);
      }),
      { numRuns: 60 },
    );
  });

  test('damage anywhere in a picture gives pixels or a reason, nothing else', async () => {
    const small = (): Sharp =>
      sharp({
        create: { width: 24, height: 24, channels: 3, background: '#888', noise: { type: 'gaussian', sigma: 40 } },
      });
    const encoded = await Promise.all([small().png().toBuffer(), small().jpeg().toBuffer(), small().webp().toBuffer()]);
    const edits = fc.array(fc.record({ at: fc.nat(5000), to: fc.nat(255) }), { minLength: 1, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...encoded), edits, async (whole, edits) => {
        const bytes = Buffer.from(whole);
        for (const { at, to } of edits) bytes[at % bytes.length] = to;
        const result = await decodePicture(bytes, SIZE).catch((error: unknown) => error);
        if (result instanceof PictureProblem) expect(result.message).toMatch(/^(?:is|has) /u);
        else expect((result as Uint8Array).length).toBe(SIZE * SIZE * 3);
      }),
      { numRuns: 200 },
    );
  });

  test('files that the system does not hand over', async () => {
    const of = async (file: string): Promise<string> =>
      ((await readPicture(file, SIZE).catch((error: unknown) => error)) as PictureProblem).message;
    const empty = path.join(folder, 'empty.png');
    fs.writeFileSync(empty, '');
    expect(await of(empty)).toBe('is empty');
    expect(await of(path.join(folder, 'gone.png'))).toBe('disappeared during the import');
    expect(await of(folder)).toBe('is not a regular file');
    const huge = path.join(folder, 'huge.png');
    fs.writeFileSync(huge, '');
    fs.truncateSync(huge, 300e6); // sparse
    expect(await of(huge)).toBe('is larger than 200 MB');
    expect(await of(path.join(folder, `${'x'.repeat(300)}.png`))).toBe('lies under a path that is too long');
  });

  test.runIf(process.platform !== 'win32')('a pipe: nobody waits for it', async () => {
    const pipe = path.join(folder, 'pipe.png');
    execFileSync('mkfifo', [pipe]);
    await expect(readPicture(pipe, SIZE)).rejects.toThrow('is not a regular file');
  });
});
