import type { Chart } from 'chart.js';

/** Colours and font of the drawing. */
export interface SvgStyle {
  ground: string;
  text: string;
  line: string;
  font: string;
  /** Places on x with a thin line: where a run went on after a pause. */
  marks: readonly number[];
}

/**
 * The chart as vector drawing: the same curves on the same axes, drawn from the values and not from the canvas.
 *
 * @param title shown above, and as the drawing's name
 */
export function toSvg(chart: Chart<'line'>, title: string, style: SvgStyle): string {
  const { chartArea: area, width, height } = chart;
  const x = chart.scales.x!;
  const y = chart.scales.y!;
  const head = 28;
  const parts: string[] = [];
  const write = (text: string, left: number, top: number, anchor: string, turn = ''): void => {
    parts.push(
      `<text x="${round(left)}" y="${round(top)}" text-anchor="${anchor}" fill="${style.text}"${turn}>${escape(text)}</text>`,
    );
  };
  for (const [index, tick] of y.ticks.entries()) {
    const top = y.getPixelForTick(index);
    parts.push(`<path d="M${round(area.left)} ${round(top)}H${round(area.right)}" stroke="${style.line}"/>`);
    write(label(tick.label), area.left - 6, top + 4, 'end');
  }
  for (const [index, tick] of x.ticks.entries())
    write(label(tick.label), x.getPixelForTick(index), area.bottom + 16, 'middle');
  write(axisTitle(x.options), (area.left + area.right) / 2, height - 2, 'middle');
  const middle = (area.top + area.bottom) / 2;
  write(axisTitle(y.options), 10, middle, 'middle', ` transform="rotate(-90 10 ${round(middle)})"`);
  for (const mark of style.marks) {
    const left = round(x.getPixelForValue(mark));
    parts.push(
      `<path d="M${left} ${round(area.top)}V${round(area.bottom)}" stroke="${style.line}" stroke-dasharray="2 3"/>`,
    );
  }
  for (const curve of chart.data.datasets) {
    const dash =
      Array.isArray(curve.borderDash) && curve.borderDash.length > 0
        ? ` stroke-dasharray="${curve.borderDash.join(' ')}"`
        : '';
    parts.push(
      `<path clip-path="url(#area)" fill="none" stroke="${curve.borderColor as string}" stroke-width="${curve.borderWidth as number}"${dash} stroke-linejoin="round" d="${path(
        curve.data as { x: number; y: number }[],
        (value) => x.getPixelForValue(value),
        (value) => y.getPixelForValue(value),
      )}"/>`,
    );
  }
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 ${-head} ${width} ${height + head}" width="${width}" height="${height + head}" font-family="${escape(style.font)}" font-size="11">`,
    `<title>${escape(title)}</title>`,
    `<rect y="${-head}" width="${width}" height="${height + head}" fill="${style.ground}"/>`,
    `<clipPath id="area"><rect x="${round(area.left)}" y="${round(area.top)}" width="${round(area.width)}" height="${round(area.height)}"/></clipPath>`,
    `<text x="${round(area.left)}" y="-10" font-size="13" font-weight="600" fill="${style.text}">${escape(title)}</text>`,
    ...parts,
    '</svg>',
  ].join('\n');
}

/** A path through points in pixels; lifts the pen where a value is missing. */
export function path(
  points: readonly { x: number; y: number }[],
  left: (value: number) => number,
  top: (value: number) => number,
): string {
  let drawing = false;
  return points
    .map((point) => {
      if (!Number.isFinite(point.y)) {
        drawing = false;
        return '';
      }
      const step = `${drawing ? 'L' : 'M'}${round(left(point.x))} ${round(top(point.y))}`;
      drawing = true;
      return step;
    })
    .join('');
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

function label(text: string | string[] | undefined): string {
  return Array.isArray(text) ? text.join(' ') : (text ?? '');
}

function axisTitle(options: unknown): string {
  const text = (options as { title?: { text?: string | string[] } }).title?.text;
  return label(text);
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
