import { escaped, linesOf, widthOf } from './figure-text.ts';

/** A name in a drawing's legend, beside a piece of its line. */
export interface LegendEntry {
  readonly label: string;
  /** CSS custom property of its colour. */
  readonly token: string;
  /** Lengths of dash and gap in pixels; empty: solid. */
  readonly dash: readonly number[];
  /** Pixels of the line. */
  readonly width: number;
}

/** What is drawn of a colour token: the colour itself, or `var(--run-1)` where a page says it. */
export type Paint = (token: string) => string;

/** Some of what was measured as text: a column of x, and one a curve. */
export interface FigureTable {
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** Moments that were measured; more than rows where some are left out. */
  readonly moments: number;
}

/** What a file shows of a chart or map: all are framed alike, whatever is in them. */
export interface Figure {
  readonly title: string;
  /** Of which run it is, and how it is drawn: sentences under the title. */
  readonly words: readonly string[];
  readonly legend: readonly LegendEntry[];
  /** Pixels of what `draw` draws, as wide as `BODY_WIDTH`. */
  readonly height: number;
  /** The picture as SVG elements, from 0, 0 on. */
  readonly draw: (paint: Paint) => string;
  /** Values of curves; absent: it has none. */
  readonly table?: () => FigureTable;
}

/** A drawing as text, and its size in pixels. */
export interface Svg {
  readonly text: string;
  readonly width: number;
  readonly height: number;
}

const PADDING = 20;
/** Pixels of the picture within its frame. */
export const BODY_WIDTH = 920;
const WIDTH = BODY_WIDTH + 2 * PADDING;
const TITLE = 16;
/** Pixels of all text but the title. */
export const TEXT = 12;
const LINE = 18;
/** A piece of a line, and the room around it. */
const SAMPLE = 22;
const GAP = 20;

/**
 * A figure as a drawing that stands alone: title, sentences, the names of its curves and the picture.
 *
 * @param font CSS font family; null: it stands in a page, which has the font and says how wide it is
 */
export function figureSvg(
  { title, words, legend, height: body, draw }: Figure,
  paint: Paint,
  font: string | null,
): Svg {
  const parts: string[] = [];
  let y = PADDING;
  for (const line of linesOf(title, BODY_WIDTH, TITLE)) {
    y += TITLE + 4;
    parts.push(
      `<text x="${PADDING}" y="${y - 5}" font-size="${TITLE}" font-weight="600" fill="${paint('--text')}">${escaped(line)}</text>`,
    );
  }
  for (const line of words.flatMap((sentence) => linesOf(sentence, BODY_WIDTH, TEXT))) {
    y += LINE;
    parts.push(textAt(line, PADDING, y - 5, { fill: paint('--quiet') }));
  }
  const names = legendOf(legend, paint);
  parts.push(`<g transform="translate(${PADDING} ${y + 4})">${names.text}</g>`);
  y += names.height + 12;
  parts.push(`<g transform="translate(${PADDING} ${y})">`, draw(paint), '</g>');
  const height = Math.ceil(y + body + PADDING);
  const alone = `xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" font-family="${escaped(font ?? '')}"`;
  return {
    width: WIDTH,
    height,
    text: [
      `<svg ${font === null ? 'role="img"' : alone} viewBox="0 0 ${WIDTH} ${height}" font-size="${TEXT}">`,
      `<title>${escaped(title)}</title>`,
      `<rect width="${WIDTH}" height="${height}" fill="${paint('--panel')}"/>`,
      ...parts,
      '</svg>',
    ].join('\n'),
  };
}

/** Names side by side, as many as a line holds; a long one takes several lines. */
function legendOf(entries: readonly LegendEntry[], paint: Paint): { text: string; height: number } {
  const parts: string[] = [];
  let [x, y] = [0, 0];
  for (const { label, token, dash, width } of entries) {
    const lines = linesOf(label, BODY_WIDTH - SAMPLE - 6, TEXT);
    const wide = SAMPLE + 6 + Math.max(0, ...lines.map((line) => widthOf(line, TEXT)));
    if (x > 0 && x + wide > BODY_WIDTH) [x, y] = [0, y + LINE];
    parts.push(
      `<path d="M${x} ${y + 9}h${SAMPLE}" fill="none" stroke="${paint(token)}" stroke-width="${width}"${dashes(dash)}/>`,
    );
    for (const [index, line] of lines.entries())
      parts.push(textAt(line, x + SAMPLE + 6, y + 13 + index * LINE, { fill: paint('--text') }));
    x += wide + GAP;
    if (lines.length > 1) [x, y] = [0, y + lines.length * LINE];
  }
  return { text: parts.join('\n'), height: y + (x > 0 ? LINE : 0) };
}

export function dashes(dash: readonly number[]): string {
  return dash.length > 0 ? ` stroke-dasharray="${dash.join(' ')}"` : '';
}

/** Text of the usual size at a place, its baseline on `y`. */
export function textAt(
  text: string,
  x: number,
  y: number,
  { fill, anchor = 'start', turned = false }: { fill: string; anchor?: 'start' | 'middle' | 'end'; turned?: boolean },
): string {
  const place = `x="${pixel(x)}" y="${pixel(y)}"`;
  const turn = turned ? ` transform="rotate(-90 ${pixel(x)} ${pixel(y)})"` : '';
  return `<text ${place} text-anchor="${anchor}" fill="${fill}"${turn}>${escaped(text)}</text>`;
}

/** To a tenth of a pixel. */
export function pixel(value: number): number {
  return Math.round(value * 10) / 10;
}
