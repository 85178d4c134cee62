import type { Page } from 'playwright-core';
import { median } from '../../contract/median.ts';

export interface Frames {
  /** Milliseconds between frames, sorted. */
  readonly spans: number[];
  /** Milliseconds a frame of the page's thread, and in script, and in layout and style. */
  readonly task: number;
  readonly script: number;
  readonly layout: number;
}

interface Wheel {
  readonly deltaX: number;
  readonly deltaY: number;
  readonly ctrlKey: boolean;
}

/** What the page runs, and waits for: milliseconds between frames, in each of which a picture gets a wheel's turn. */
const turning = (selector: string, frames: number, wheel: Wheel): string => `new Promise((resolve) => {
  const picture = document.querySelector(${JSON.stringify(selector)});
  const wheel = ${JSON.stringify(wheel)};
  const box = picture.getBoundingClientRect();
  const at = { clientX: box.left + box.width / 2, clientY: box.top + box.height / 2, bubbles: true, cancelable: true };
  const stamps = [];
  const frame = (now) => {
    stamps.push(now);
    if (stamps.length > ${frames}) return resolve(stamps.slice(1).map((stamp, index) => stamp - stamps[index]));
    const sign = stamps.length % 120 < 60 ? 1 : -1;
    const turned = { ...wheel, deltaX: sign * wheel.deltaX, deltaY: sign * wheel.deltaY };
    picture.dispatchEvent(new WheelEvent('wheel', { ...at, ...turned }));
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
})`;

/** Gives a picture of the page a wheel's turn in each of so many frames. */
export async function turn(page: Page, selector: string, frames: number, wheel: Wheel): Promise<Frames> {
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable');
  const metrics = async (): Promise<(name: string) => number> => {
    const { metrics: all } = await session.send('Performance.getMetrics');
    return (name) => 1000 * (all.find((metric) => metric.name === name)?.value ?? 0);
  };
  const before = await metrics();
  const spans = await page.evaluate<number[]>(turning(selector, frames, wheel));
  const after = await metrics();
  const of = (...names: string[]): number =>
    names.reduce((sum, name) => sum + after(name) - before(name), 0) / spans.length;
  await session.detach();
  return {
    spans: spans.sort((a, b) => a - b),
    task: of('TaskDuration'),
    script: of('ScriptDuration'),
    layout: of('LayoutDuration', 'RecalcStyleDuration'),
  };
}

/** Head and lines of a table of such. */
export const frameHeads: string[] = [
  ...['in Chromium', 'frames/s', 'median ms', '95 % ms'],
  ...['page’s thread, ms', 'script', 'layout', 'other'],
];

export function frameLine(name: string, { spans, task, script, layout }: Frames): string[] {
  return [
    name,
    (1000 / (spans.reduce((sum, span) => sum + span, 0) / spans.length)).toFixed(1),
    median(spans).toFixed(1),
    spans[Math.floor(0.95 * spans.length)]!.toFixed(1),
    task.toFixed(1),
    script.toFixed(1),
    layout.toFixed(1),
    (task - script - layout).toFixed(1),
  ];
}
