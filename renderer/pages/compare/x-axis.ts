import type { Run } from '../../../contract/runs.ts';
import type { TickColumns } from '../../../contract/ticks.ts';
import { count, imagesTick } from '../../lib/format.ts';
import { imagesAxis, secondsAxis, wallAxis } from '../../lib/charts/axes.ts';
import { nearest, type AxisStyle } from '../../lib/charts/series.ts';

/** What x may count: each is known of a run at every count of images. */
export const xNames = { images: 'Images', steps: 'Steps', seconds: 'Training time', time: 'Wall time' } as const;
export type XName = keyof typeof xNames;

export function xAxis(name: XName, log: boolean): AxisStyle {
  switch (name) {
    case 'images':
      return imagesAxis(log);
    case 'steps':
      return { title: 'steps', log, tick: imagesTick, value: (value) => `${count(Math.round(value))} steps` };
    case 'seconds':
      return secondsAxis(log);
    case 'time':
      return wallAxis(log);
  }
}

/** Where on x moments of a run stand. @param nimg training images seen at each, rising */
export function xsOf(name: XName, run: Run, ticks: TickColumns, nimg: readonly number[]): readonly number[] {
  switch (name) {
    case 'images':
      return nimg;
    case 'steps':
      return nimg.map((images) => images / run.config.training.batchSize);
    case 'seconds':
      return nimg === ticks.nimg
        ? ticks.trainSeconds
        : nimg.map((images) => between(ticks.nimg, ticks.trainSeconds, images));
    case 'time': {
      const wall = wallSeconds(ticks);
      return nimg === ticks.nimg ? wall : nimg.map((images) => between(ticks.nimg, wall, images));
    }
  }
}

/** The inverse: training images that a run had seen at a place on x. */
export function imagesAt(name: XName, run: Run, ticks: TickColumns, x: number): number {
  switch (name) {
    case 'images':
      return x;
    case 'steps':
      return x * run.config.training.batchSize;
    case 'seconds':
      return between(ticks.trainSeconds, ticks.nimg, x);
    case 'time':
      return between(wallSeconds(ticks), ticks.nimg, x);
  }
}

const wallOf = new WeakMap<TickColumns, readonly number[]>();

/** Seconds since training began at each tick, pauses included; where the machine's clock was set back, time stands still. */
function wallSeconds(ticks: TickColumns): readonly number[] {
  let wall = wallOf.get(ticks);
  if (wall === undefined) {
    const began = (ticks.at[0] ?? 0) / 1000 - (ticks.trainSeconds[0] ?? 0);
    let latest = 0;
    wall = ticks.at.map((at) => (latest = Math.max(latest, at / 1000 - began)));
    wallOf.set(ticks, wall);
  }
  return wall;
}

/** The place on `to` of a place on `from`, both rising, straight between neighbours; from 0 on, and the last beyond the end. */
function between(from: readonly number[], to: readonly number[], at: number): number {
  const near = nearest(from, at);
  if (near < 0) return 0;
  const right = from[near]! < at ? near + 1 : near;
  if (right >= from.length) return to.at(-1)!;
  const [fromLeft, toLeft] = right === 0 ? [0, 0] : [from[right - 1]!, to[right - 1]!];
  const width = from[right]! - fromLeft;
  return width <= 0 ? to[right]! : toLeft + ((at - fromLeft) / width) * (to[right]! - toLeft);
}
