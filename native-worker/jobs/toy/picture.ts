import sharp from 'sharp';
import type { ToyFigures } from '../../../contract/toy.ts';

/** One set of points. */
export interface Panel {
  readonly title: string;
  /** They stand below the title. */
  readonly figures: Pick<ToyFigures, 'outliers' | 'divergence'>;
  /** [N, 2]. */
  readonly points: ArrayLike<number>;
  readonly isOutlier: readonly boolean[];
}

/** Pixels of a panel's side, of the space between panels and around them, and of the heading. */
const SIDE = 480;
const GAP = 32;
const HEADING = 96;

/** Half the side of the square of the plane that a panel shows. */
const REACH = 1.3;

type Colour = readonly [number, number, number];
const paper: Colour = [255, 255, 255];
const shadow: Colour = [206, 211, 219];
const ink: Colour = [37, 84, 160];
const alarm: Colour = [214, 73, 20];

/** Standard deviation of a dot in pixels, and how much of it covers what is below. */
const DOT = { radius: 0.8, strength: 1.1 };
/** Outliers are few and shall be seen. */
const ALARM_DOT = { radius: 1.1, strength: 2.2 };

/**
 * Paints panels side by side: every point a dot, blue, or orange where it is an outlier, on a grey shadow of the true
 * distribution.
 *
 * @param truth many points of the true distribution, [N, 2]
 * @returns     a PNG
 */
export async function drawPanels(truth: ArrayLike<number>, panels: readonly Panel[]): Promise<Buffer> {
  const width = GAP + panels.length * (SIDE + GAP);
  const height = HEADING + SIDE + GAP;
  const pixels = new Uint8ClampedArray(width * height * 3);
  for (let at = 0; at < pixels.length; at += 3) pixels.set(paper, at);
  const silhouette = scatter(truth, () => true, DOT.radius);
  for (const [index, { points, isOutlier }] of panels.entries()) {
    const left = GAP + index * (SIDE + GAP);
    const layers = [
      { colour: shadow, dots: silhouette, strength: 0.5 },
      { colour: ink, dots: scatter(points, (n) => !isOutlier[n]!, DOT.radius), strength: DOT.strength },
      { colour: alarm, dots: scatter(points, (n) => isOutlier[n]!, ALARM_DOT.radius), strength: ALARM_DOT.strength },
    ];
    for (const { colour, dots, strength } of layers) {
      for (let y = 0; y < SIDE; y++) {
        for (let x = 0; x < SIDE; x++) {
          const cover = 1 - Math.exp(-strength * dots[y * SIDE + x]!);
          const at = ((HEADING + y) * width + left + x) * 3;
          for (let c = 0; c < 3; c++) pixels[at + c]! += cover * (colour[c]! - pixels[at + c]!);
        }
      }
    }
  }
  return sharp(pixels, { raw: { width, height, channels: 3 } })
    .composite([{ input: Buffer.from(headings(panels, width, height)), left: 0, top: 0 }])
    .png({ palette: true, colours: 128, dither: 0 })
    .toBuffer();
}

/** Adds up Gaussian dots, of height 1 each, at the chosen points; [SIDE, SIDE]. */
function scatter(points: ArrayLike<number>, chosen: (n: number) => boolean, radius: number): Float32Array {
  const image = new Float32Array(SIDE * SIDE);
  const reach = Math.ceil(3 * radius);
  for (let n = 0; n < points.length / 2; n++) {
    if (!chosen(n)) continue;
    const x = ((points[2 * n]! + REACH) / (2 * REACH)) * SIDE - 0.5;
    const y = ((REACH - points[2 * n + 1]!) / (2 * REACH)) * SIDE - 0.5;
    for (let row = Math.max(0, Math.round(y) - reach); row <= Math.min(SIDE - 1, Math.round(y) + reach); row++) {
      for (
        let column = Math.max(0, Math.round(x) - reach);
        column <= Math.min(SIDE - 1, Math.round(x) + reach);
        column++
      ) {
        image[row * SIDE + column]! += Math.exp(-((column - x) ** 2 + (row - y) ** 2) / (2 * radius ** 2));
      }
    }
  }
  return image;
}

/** Titles and figures as SVG; a system without fonts leaves them out. */
function headings(panels: readonly Panel[], width: number, height: number): string {
  const colour = (c: Colour): string => `rgb(${c.join()})`;
  const texts = panels.map(({ title, figures }, index) => {
    const left = GAP + index * (SIDE + GAP);
    const outliers = `${(100 * figures.outliers).toFixed(1)} % outliers`;
    const line =
      `<text x="${left}" y="82" font-size="21" fill="rgb(95,102,114)"><tspan fill="${colour(alarm)}">${outliers}</tspan>` +
      `, divergence ${figures.divergence.toFixed(2)}</text>`;
    return `<text x="${left}" y="50" font-size="28" font-weight="600" fill="rgb(28,32,40)">${title}</text>${line}`;
  });
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" ` +
    `font-family="Inter, Helvetica, Arial, DejaVu Sans, sans-serif">${texts.join('')}</svg>`
  );
}
