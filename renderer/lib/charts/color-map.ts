/** Red, green, blue, 0 to 255. */
export type Rgb = readonly [number, number, number];

/** Cividis (Nuñez, Anderton, Renslow 2018) at ten even places; between them straight lines in sRGB. */
const CIVIDIS = [
  '#00204d',
  '#00336f',
  '#39486b',
  '#575c6d',
  '#707173',
  '#8a8779',
  '#a69d75',
  '#c4b56c',
  '#e4cf5b',
  '#ffea46',
];

/** Blue below 1, orange above, the panel's colour at 1. */
const BELOW = { light: '#1d5fa6', dark: '#62aef5' };
const ABOVE = { light: '#c05a00', dark: '#f39a3d' };
const EVEN = { light: '#f4f4f2', dark: '#232528' };

/** Places of a scale that have a colour of their own: more than one sees. */
const SHADES = 1024;

/** Colours between evenly spaced ones, at a share from 0 to 1, mixed once. */
function blend(stops: readonly Rgb[]): (share: number) => Rgb {
  const shades = Array.from({ length: SHADES + 1 }, (_, place) => mix(stops, place / SHADES));
  return (share) => shades[Math.round(Math.min(1, Math.max(0, share)) * SHADES)]!;
}

/** How a value becomes a colour. */
export interface ColorScale {
  /** Values at the two ends of the legend. */
  readonly low: number;
  readonly high: number;
  /** Colour of a finite value; what lies outside gets the colour of the end. */
  readonly color: (value: number) => Rgb;
  /** The value at a place of the legend, 0 to 1. */
  readonly at: (share: number) => number;
}

export function hexToRgb(hex: string): Rgb {
  const value = Number.parseInt(hex.slice(1), 16);
  return [(value >> 16) & 255, (value >> 8) & 255, value & 255];
}

/** Colour between evenly spaced ones, at `share` from 0 to 1. */
export function mix(stops: readonly Rgb[], share: number): Rgb {
  const place = Math.min(1, Math.max(0, share)) * (stops.length - 1);
  const index = Math.min(stops.length - 2, Math.floor(place));
  const part = place - index;
  const from = stops[index]!;
  const to = stops[index + 1]!;
  return [0, 1, 2].map((channel) =>
    Math.round(from[channel]! + part * (to[channel]! - from[channel]!)),
  ) as unknown as Rgb;
}

/** Low dark blue, high yellow; readable without colour vision and in grey. */
export function sequentialScale(low: number, high: number): ColorScale {
  const color = blend(CIVIDIS.map(hexToRgb));
  const span = high > low ? high - low : 1;
  return { low, high, color: (value) => color((value - low) / span), at: (share) => low + share * span };
}

/**
 * Symmetric around 1 in log2, so that a doubling and a halving look equally strong.
 *
 * @param octaves half the width of the scale: 1 goes from 1/2 to 2
 */
export function divergingScale(octaves: number, theme: 'light' | 'dark'): ColorScale {
  const color = blend([BELOW[theme], EVEN[theme], ABOVE[theme]].map(hexToRgb));
  return {
    low: 2 ** -octaves,
    high: 2 ** octaves,
    color: (value) => color(value <= 0 ? 0 : (Math.log2(value) / octaves + 1) / 2),
    at: (share) => 2 ** ((share * 2 - 1) * octaves),
  };
}

/** Widths of a diverging scale, octaves. */
const OCTAVES = [0.25, 0.5, 1, 1.5, 2, 3, 4, 6, 8, 12, 16];

/** The narrowest round width of a diverging scale that holds all values. */
export function octavesFor(range: { min: number; max: number }): number {
  const reach = Math.max(
    Math.abs(Math.log2(Math.max(range.min, 2 ** -20))),
    Math.abs(Math.log2(Math.max(range.max, 2 ** -20))),
  );
  return OCTAVES.find((octaves) => octaves >= reach) ?? OCTAVES.at(-1)!;
}
