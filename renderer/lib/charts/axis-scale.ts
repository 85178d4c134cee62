import { evenTicks, withoutCrowdedEnd } from './chart-options.ts';
import { lastAt, type AxisStyle } from './series.ts';

/** An axis of a drawing: what it reaches over, and where its ticks stand. */
export interface AxisScale {
  readonly min: number;
  readonly max: number;
  readonly ticks: readonly number[];
  /** Share of the axis, 0 to 1 within it. */
  readonly at: (value: number) => number;
}

interface Reach {
  readonly min: number;
  readonly max: number;
}

/**
 * The scale of an axis.
 *
 * @param reach of what it shows, positive where the axis is logarithmic; null: nothing is known
 * @param most  ticks, about
 * @param ends  'data': where the reach ends; 'round': at the ticks around it
 */
export function axisScale(axis: AxisStyle, reach: Reach | null, most: number, ends: 'data' | 'round'): AxisScale {
  const wide = widened(reach ?? (axis.log ? { min: 1, max: 10 } : { min: 0, max: 1 }), axis.log);
  const around = axis.log ? decadeTicks(wide, most) : decimalTicks(wide, most);
  const { min, max } = ends === 'round' ? { min: around[0]!, max: around.at(-1)! } : wide;
  const [from, to] = axis.log ? [Math.log(min), Math.log(max)] : [min, max];
  const at = (value: number): number => ((axis.log ? Math.log(value) : value) - from) / (to - from);
  const slack = (to - from) * 1e-9; // a tick at an end is one, whatever was rounded
  const isInside = (value: number): boolean => at(value) >= -slack && at(value) <= 1 + slack;
  return { min, max, ticks: ticksWithin(axis, { min, max }, around.filter(isInside)), at };
}

function ticksWithin(axis: AxisStyle, { min, max }: Reach, usual: readonly number[]): readonly number[] {
  const places = axis.places?.filter((place) => place >= min && place <= max) ?? [];
  if (places.length > 1) return places;
  if (axis.log || !axis.steps) return usual;
  return withoutCrowdedEnd(evenTicks(min, max, axis.steps)).map(({ value }) => value);
}

/** A single value gets room on both sides. */
function widened({ min, max }: Reach, log: boolean): Reach {
  if (max > min) return { min, max };
  if (log) return { min: min / 2, max: max * 2 };
  const room = min === 0 ? 1 : Math.abs(min) / 10;
  return { min: min - room, max: max + room };
}

/** Multiples of 1, 2 or 5 times a power of ten around a reach. */
function decimalTicks({ min, max }: Reach, most: number): number[] {
  const rough = (max - min) / most;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= rough * 0.999)!;
  const [first, last] = [Math.floor(min / step + 1e-9), Math.ceil(max / step - 1e-9)];
  return Array.from({ length: last - first + 1 }, (_, index) => Number(((first + index) * step).toPrecision(12)));
}

/** 1, 2 and 5 times powers of ten around a reach; the powers alone, or each second, third … of them, where those are too many. */
function decadeTicks({ min, max }: Reach, most: number): number[] {
  const [low, high] = [Math.floor(Math.log10(min) + 1e-9), Math.ceil(Math.log10(max) - 1e-9)];
  const fine: number[] = [];
  for (let power = low; power <= high; power++) fine.push(...[1, 2, 5].map((factor) => Number(`${factor}e${power}`)));
  const around = fine.slice(lastAt(fine, min * (1 + 1e-9)), fine.findIndex((tick) => tick >= max * (1 - 1e-9)) + 1);
  if (around.length <= most + 2) return around;
  const every = Math.ceil((high - low) / most);
  const powers = Math.ceil((high - low) / every);
  return Array.from({ length: powers + 1 }, (_, index) => Number(`1e${low + index * every}`));
}
