/**
 * Numbers with their units, as page, command line, log and notification write them. Functions that take null write a dash
 * for "not measured". Training images are rounded to kimg and Mimg (10^3 and 10^6 images); where it matters which image,
 * the count stands with thousands separators and the word "images".
 */

export const NOTHING = '–';

/** Three significant digits without trailing noise: 0.0123, 1.31, 61.4, 1,230; 1.2e-7 where zeros would fill the line. */
export function number(value: number | null, digits = 3): string {
  if (value === null || !Number.isFinite(value)) return NOTHING;
  if (value === 0) return '0';
  const size = Math.abs(value);
  if (size < 1e-4 || size >= 1e15) return value.toExponential(Math.min(digits - 1, 2)).replace('e+', 'e');
  const rounded = Number(value.toPrecision(digits));
  return significant(digits).format(rounded);
}

const formatters = new Map<number, Intl.NumberFormat>();

/** Making a formatter takes twenty times as long as writing a number with it. */
function significant(digits: number): Intl.NumberFormat {
  let formatter = formatters.get(digits);
  if (formatter === undefined) {
    formatter = new Intl.NumberFormat('en-US', { maximumSignificantDigits: digits });
    formatters.set(digits, formatter);
  }
  return formatter;
}

/** Made once: it takes thirty times as long as writing a number with it. */
const grouped = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });

/** A whole number with thousands separators: 35,008. */
export function count(value: number | null): string {
  return value === null || !Number.isFinite(value) ? NOTHING : grouped.format(Math.round(value));
}

/** The same number always with the same length, for figures that change in place: 61.4, 5.03, 123. */
export function steady(value: number | null, digits = 3): string {
  if (value === null || !Number.isFinite(value)) return NOTHING;
  if (value === 0) return '0';
  const size = Math.abs(value);
  if (size < 1e-4 || size >= 1e6) return value.toExponential(digits - 1).replace('e+', 'e');
  return Number(value.toPrecision(digits)) >= 10 ** (digits - 1) ? count(value) : value.toPrecision(digits);
}

/** Training images: 512 images, 35.0 kimg, 1.31 Mimg. */
export function images(value: number | null): string {
  return value === null ? NOTHING : value < 1000 ? exactImages(value) : `${imagesBare(value)} ${imagesUnit(value)}`;
}

/** Training images to the last one: 1 image, 512 images, 35,008 images. */
export function exactImages(value: number): string {
  return `${count(value)} ${value === 1 ? 'image' : 'images'}`;
}

/** Counts of images as `images` writes them, and to the last image where two would read the same. */
export function imagesApart(values: readonly number[]): string[] {
  const short = values.map((value) => images(value));
  return short.map((text, index) =>
    short.indexOf(text) === short.lastIndexOf(text) ? text : exactImages(values[index]!),
  );
}

/** "12.3 of 35.0 kimg": the unit once if both have the same. When all are seen, how many that is: the last batch may go beyond. */
export function imagesOf(done: number, total: number): string {
  if (done >= total) return images(done);
  return imagesUnit(done) === imagesUnit(total)
    ? `${imagesBare(done)} of ${images(total)}`
    : `${images(done)} of ${images(total)}`;
}

/** The same to the last image: "12,288 of 35,008 images". */
export function exactImagesOf(done: number, total: number): string {
  return `${count(done)} of ${exactImages(total)}`;
}

function imagesBare(value: number): string {
  if (value < 1000) return String(value);
  return value < 999_500 ? steady(value / 1000) : steady(value / 1e6);
}

function imagesUnit(value: number): string {
  if (value < 1000) return 'images';
  return value < 999_500 ? 'kimg' : 'Mimg';
}

/** A place on an axis of training images: 0, 500, 12k, 1.5M. */
export function imagesTick(value: number): string {
  const size = Math.abs(value);
  if (size >= 1e9) return `${trim(value / 1e9)}G`;
  if (size >= 1e6) return `${trim(value / 1e6)}M`;
  if (size >= 1e3) return `${trim(value / 1e3)}k`;
  return trim(value);
}

function trim(value: number): string {
  return String(Number(value.toPrecision(3)));
}

/** Images per second: "61.4 img/s". */
export function speed(imagesPerSecond: number | null): string {
  return imagesPerSecond === null ? NOTHING : `${steady(imagesPerSecond)} img/s`;
}

/** A length of time in its two largest units: 45 s, 3 min 20 s, 3 h 12 min, 2 d 4 h. */
export function duration(seconds: number | null): string {
  if (seconds === null || !Number.isFinite(seconds)) return NOTHING;
  if (seconds < 1) return seconds <= 0 ? '0 s' : 'under 1 s';
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 600) return two(Math.floor(whole / 60), 'min', whole % 60, 's');
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  if (minutes < 48 * 60) return two(Math.floor(minutes / 60), 'h', minutes % 60, 'min');
  const hours = Math.round(seconds / 3600);
  return two(Math.floor(hours / 24), 'd', hours % 24, 'h');
}

function two(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large} ${largeUnit}` : `${large} ${largeUnit} ${small} ${smallUnit}`;
}

/** Bytes in powers of 1000, as disks are sold: 238 MB, 1.50 GB. */
export function bytes(value: number | null): string {
  if (value === null || !Number.isFinite(value)) return NOTHING;
  const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];
  let size = value;
  let unit = 0;
  while (size >= 999.5 && unit < units.length - 1) {
    size /= 1000;
    unit++;
  }
  return unit === 0 ? `${size} B` : `${steady(size)} ${units[unit]!}`;
}

/** Network size as the paper writes it: 1.25 M, 280 M. */
export function parameters(value: number): string {
  if (value >= 999.5e6) return `${steady(value / 1e9)} G`;
  if (value >= 999_500) return `${steady(value / 1e6)} M`;
  return value >= 1000 ? `${steady(value / 1e3)} k` : String(value);
}

/** Length of an average relative to training, as everything says it: "σ_rel 0.1". A σ alone is a noise level. */
export function emaLength(sigmaRel: number): string {
  return `σ_rel ${number(sigmaRel, 6)}`;
}

/** The name that an average gets unless somebody chooses another; the count is exact, so that no two have the same. */
export function averageName(sigmaRel: number, nimg: number): string {
  return `σ_rel ${sigmaRel} at ${exactImages(nimg)}`;
}
