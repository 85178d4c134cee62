import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';

/** How many good pictures `drawPictures` leaves in each class. */
export const PICTURES_PER_CLASS = 24;

/**
 * A folder as somebody would bring it: two classes as subfolders, in three formats, grey and with alpha among them, of
 * odd sizes, and one file that is no picture.
 */
export async function drawPictures(folder: string): Promise<void> {
  for (const shape of ['discs', 'squares']) {
    mkdirSync(join(folder, shape), { recursive: true });
    for (let index = 0; index < PICTURES_PER_CLASS; index++) await drawPicture(folder, shape, index);
  }
  writeFileSync(join(folder, 'squares', 'broken.png'), 'this is no picture');
}

async function drawPicture(folder: string, shape: string, index: number): Promise<void> {
  const [width, height] = [40 + (index % 5) * 7, 40 + (index % 3) * 9];
  const color = `hsl(${index * 15}, 80%, 50%)`;
  const mark =
    shape === 'discs'
      ? `<circle cx="${width / 2}" cy="${height / 2}" r="14" fill="${color}"/>`
      : `<rect x="${width / 2 - 13}" y="${height / 2 - 13}" width="26" height="26" fill="${color}"/>`;
  const background = index % 4 === 0 ? '' : '<rect width="100%" height="100%" fill="white"/>'; // else: transparent
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${background}${mark}</svg>`;
  const picture = sharp(Buffer.from(svg));
  const path = join(folder, shape, `picture-${index}`);
  if (index % 3 === 0) await picture.png().toFile(`${path}.png`);
  else if (index % 3 === 1) await picture.flatten({ background: 'white' }).jpeg().toFile(`${path}.jpg`);
  else
    await picture
      .greyscale(index % 2 === 0)
      .webp()
      .toFile(`${path}.webp`);
}
