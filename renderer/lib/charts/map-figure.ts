import type { ColorScale } from './color-map.ts';
import { BODY_WIDTH, pixel, TEXT, textAt, type Figure, type Paint } from './figure.ts';
import { widthOf } from './figure-text.ts';

/** A name beside or below a map, at a share of its height or width. */
export interface MapTick {
  readonly at: number;
  readonly label: string;
}

/** What a map shows. */
export interface MapChart {
  readonly title: string;
  readonly words: readonly string[];
  /** Address of the picture of the cells (`cellsPicture`), stretched over the map. */
  readonly picture: string;
  /** Pixels of the cells' height. */
  readonly height: number;
  readonly scale: ColorScale;
  /** The value at an end of the colours, in words. */
  readonly end: (value: number) => string;
  /**
   * How a cell without a number is called, and its colour in the picture; null: the picture leaves it clear, and it is
   * hatched. What else is clear was not recorded.
   */
  readonly missing: { readonly label: string; readonly token: string | null };
  readonly left: readonly MapTick[];
  readonly below: readonly MapTick[];
  readonly titles: { readonly left: string; readonly below: string };
}

const HEAD = 30;
const FOOT = 42;
const RIGHT = 18;
const SHADES = 60;
const SHADE = 2;

/** Cells as colours, with what the colours say. */
export function mapFigure(chart: MapChart): Figure {
  return {
    title: chart.title,
    words: chart.words,
    legend: [],
    height: HEAD + chart.height + FOOT,
    draw: (paint) => drawn(chart, paint),
  };
}

function drawn({ picture, height, scale, end, missing, left, below, titles }: MapChart, paint: Paint): string {
  const quiet = paint('--quiet');
  const start = Math.ceil(Math.max(0, ...left.map(({ label }) => widthOf(label, TEXT))) + 12 + (titles.left ? 18 : 0));
  const width = BODY_WIDTH - start - RIGHT;
  const [low, high] = [end(scale.low), end(scale.high)];
  const colors = start + widthOf(low, TEXT) + 6;
  const gap = colors + SHADES * SHADE + 6;
  const box = gap + widthOf(high, TEXT) + 22;
  const legend = [
    textAt(low, colors - 6, 15, { fill: quiet, anchor: 'end' }),
    ...Array.from({ length: SHADES }, (_, shade) => {
      const rgb = scale.color(scale.at(shade / (SHADES - 1))).join(',');
      // A little wider than it is, so that no ground shines through between two.
      return `<rect x="${pixel(colors + shade * SHADE)}" y="5" width="${shade === SHADES - 1 ? SHADE : SHADE + 1}" height="12" fill="rgb(${rgb})"/>`;
    }),
    textAt(high, gap, 15, { fill: quiet }),
    ground({ x: pixel(box), y: 5, width: 16, height: 12 }, missing.token, paint),
    textAt(missing.label, box + 22, 15, { fill: quiet }),
  ];
  const middle = HEAD + height / 2;
  return [
    ...legend,
    ground({ x: start, y: HEAD, width, height }, missing.token && '--sunken', paint),
    `<image x="${start}" y="${HEAD}" width="${width}" height="${height}" preserveAspectRatio="none" image-rendering="pixelated" href="${picture}"/>`,
    ...left.map(({ at, label }) => textAt(label, start - 8, HEAD + at * height + 4, { fill: quiet, anchor: 'end' })),
    ...below.flatMap(({ at, label }) => [
      `<path d="M${pixel(start + at * width)} ${HEAD + height}v5" stroke="${paint('--line-strong')}"/>`,
      textAt(label, start + at * width, HEAD + height + 19, { fill: quiet, anchor: 'middle' }),
    ]),
    textAt(titles.below, start + width / 2, HEAD + height + FOOT - 4, { fill: quiet, anchor: 'middle' }),
    ...(titles.left ? [textAt(titles.left, TEXT, middle, { fill: quiet, anchor: 'middle', turned: true })] : []),
  ].join('\n');
}

interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

const HATCH = 6;

/** What shows where there are no numbers: one colour, or thin stripes. */
function ground({ x, y, width, height }: Box, token: string | null, paint: Paint): string {
  const box = `x="${x}" y="${y}" width="${width}" height="${height}"`;
  if (token !== null) return `<rect ${box} fill="${paint(token)}"/>`;
  const stripes = Array.from(
    { length: Math.ceil((width + height) / HATCH) },
    (_, stripe) => `M${stripe * HATCH - height} ${height}l${height} ${-height}`,
  );
  return [
    `<rect ${box} fill="${paint('--sunken')}"/>`,
    `<svg ${box} viewBox="0 0 ${width} ${height}" overflow="hidden">`,
    `<path d="${stripes.join('')}" stroke="${paint('--line-strong')}" stroke-width="0.75"/></svg>`,
  ].join('');
}

/**
 * A picture of cells as an address that stands in a drawing, each so many pixels wide and high: some viewers would smooth
 * what they enlarge.
 *
 * @param pixels RGBA, row after row
 */
export function cellsPicture(
  pixels: Uint8ClampedArray<ArrayBuffer>,
  width: number,
  enlarged: { readonly across: number; readonly down: number },
): string {
  const small = document.createElement('canvas');
  small.width = width;
  small.height = pixels.length / 4 / width;
  small.getContext('2d')?.putImageData(new ImageData(pixels, width), 0, 0);
  const large = document.createElement('canvas');
  large.width = width * enlarged.across;
  large.height = small.height * enlarged.down;
  const context = large.getContext('2d');
  if (context) {
    context.imageSmoothingEnabled = false;
    context.drawImage(small, 0, 0, large.width, large.height);
  }
  return large.toDataURL('image/png');
}
