import { steady } from '../format.ts';
import { theme } from '../state/theme.svelte.ts';
import { imagesAxis } from './axes.ts';
import { hexToRgb, type ColorScale, type Rgb } from './color-map.ts';
import type { Figure } from './figure.ts';
import { heatCells, layerGroups, paintHeat, shortLayer, type HeatTable } from './heat-image.ts';
import { cellsPicture, mapFigure, type MapTick } from './map-figure.ts';
import type { AxisStyle } from './series.ts';
import { roundTicks, type TimeRange } from './time-range.ts';

/** What a map of rows over training shows. */
export interface HeatChart {
  readonly title: string;
  readonly words: readonly string[];
  readonly layers: readonly string[];
  readonly table: HeatTable;
  readonly scale: ColorScale;
  /** Whether values are factors, "×4". */
  readonly factors: boolean;
  /** What a cell without a number is; it is drawn quietly where that is nothing bad. */
  readonly missing: string;
  readonly quietly: boolean;
  /** What is seen, in units of x. */
  readonly range: TimeRange;
  /** What x counts; absent: training images. */
  readonly axis?: AxisStyle;
}

/** About as high is a map, unless its rows would be too thin or too high. */
const HEIGHT = 420;
const ROW = { least: 2, most: 26 };
/** Rows of so many pixels have room for their names. */
const NAMED_ROW = 14;
/** Pixels of the picture's width: two of a PNG for each of the drawing. */
const WIDE = 1700;

/** The colours of cells without a number: hatched, loudly where that is bad. */
export function hatchColors(quietly: boolean): readonly [Rgb, Rgb] {
  return [hexToRgb(theme.color(quietly ? '--line' : '--bad')), hexToRgb(theme.color('--panel'))];
}

/** Layers or blocks over training as colours, to be saved. */
export function heatFigure(chart: HeatChart): Figure {
  const { layers, table, scale, range, quietly, axis = imagesAxis() } = chart;
  const row = Math.min(ROW.most, Math.max(ROW.least, Math.round(HEIGHT / Math.max(1, layers.length))));
  const cells = heatCells(table, scale, { colors: hatchColors(quietly), quiet: quietly });
  return mapFigure({
    title: chart.title,
    words: chart.words,
    picture: cellsPicture(paintHeat(cells, WIDE, range), WIDE, { across: 1, down: 2 * row }),
    height: row * Math.max(1, layers.length),
    scale,
    end: (value) => (chart.factors ? `×${steady(value)}` : steady(value)),
    missing: { label: chart.missing, token: quietly ? '--line' : '--bad' },
    left: rowNames(layers, row),
    below: roundTicks(range, 8, axis.steps).map((tick) => ({
      at: (tick - range.from) / (range.to - range.from),
      label: axis.tick(tick),
    })),
    titles: { left: '', below: axis.title },
  });
}

function rowNames(layers: readonly string[], row: number): MapTick[] {
  const middle = (first: number, count: number): number => (first + count / 2) / layers.length;
  if (row >= NAMED_ROW) return layers.map((layer, index) => ({ at: middle(index, 1), label: shortLayer(layer) }));
  return layerGroups(layers)
    .filter(({ count }) => count * row >= NAMED_ROW)
    .map(({ first, count, label }) => ({ at: middle(first, count), label }));
}
