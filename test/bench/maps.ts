/**
 * `npm run bench:maps -- [--moments 20000] [--rows 400] [--frames 240]`: how a map of a long run of a large network moves.
 * A library with such a run is made in a temporary folder; its service is asked for the map while another connection asks
 * for something small over and over; then Chromium shows the map and moves and zooms what is seen in every frame. It draws
 * without a graphics card, so what a frame costs is told apart: script, layout and style, and all else, which is painting.
 */
import { parseArgs } from 'node:util';
import type { Page } from 'playwright-core';
import { appInfo } from '../../contract/app.ts';
import { runDynamics } from '../../contract/dynamics-table.ts';
import { median } from '../../contract/median.ts';
import { table } from '../../native-worker/cli/words.ts';
import { openClient, type ServiceClient } from '../../native-worker/client/service-client.ts';
import { insertDynamics } from '../../native-worker/store/dynamics.ts';
import type { Library } from '../../native-worker/store/library.ts';
import { insertTick } from '../../native-worker/store/ticks.ts';
import { lacksForBrowser, launchChromium } from '../support/needs.ts';
import { startServing } from '../support/service.ts';
import { exampleTick } from '../support/ticks.ts';
import { makeLibrary, makeRun, tinyConfig } from '../support/training-library.ts';

const { values } = parseArgs({
  options: {
    moments: { type: 'string', default: '20000' },
    rows: { type: 'string', default: '400' },
    frames: { type: 'string', default: '240' },
  },
});
const [moments, rows, frames] = [Number(values.moments), Number(values.rows), Number(values.frames)];
const STEP = 256;
/** Moments that are written in one transaction. */
const AT_ONCE = 1000;

/** Weights that grow, each row at its own pace, with noise. */
function fill(library: Library, runId: number): void {
  const layers = Array.from({ length: rows }, (_, row) => `unet.enc.${64 >> ((row * 4) / rows)}x_block${row}.conv`);
  for (let from = 1; from <= moments; from += AT_ONCE) {
    library.db.transaction(() => {
      for (let index = from; index < Math.min(from + AT_ONCE, moments + 1); index++) {
        const grown = index / moments;
        insertTick(library.db, runId, exampleTick(index * STEP, { loss: 1 / (1 + grown) }));
        const numbers = Float32Array.from(
          { length: rows },
          (_, row) => 1 + (grown * row) / rows + 0.05 * Math.sin(index * (row + 1)),
        );
        insertDynamics(library.db, runId, 'weight', index * STEP, layers, numbers);
      }
    })();
  }
  library.db.prepare(`UPDATE runs SET state = 'finished' WHERE id = ?`).run(runId);
}

/** Milliseconds that something takes, and the longest that a small call waits meanwhile. */
async function beside(other: ServiceClient, act: () => Promise<unknown>): Promise<{ own: number; waited: number }> {
  let busy = true as boolean; // changed by a promise
  let waited = 0;
  const asking = (async () => {
    while (busy) {
      const asked = performance.now();
      await other.call(appInfo, {});
      waited = Math.max(waited, performance.now() - asked);
    }
  })();
  const start = performance.now();
  await act();
  const own = performance.now() - start;
  busy = false;
  await asking;
  return { own, waited };
}

interface Frames {
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

/** What the page runs, and waits for: milliseconds between frames, in each of which the map gets a wheel's turn. */
const turning = (wheel: Wheel): string => `new Promise((resolve) => {
  const map = document.querySelector('[role=application]');
  const wheel = ${JSON.stringify(wheel)};
  const box = map.getBoundingClientRect();
  const at = { clientX: box.left + box.width / 2, clientY: box.top + box.height / 2, bubbles: true, cancelable: true };
  const stamps = [];
  const frame = (now) => {
    stamps.push(now);
    if (stamps.length > ${frames}) return resolve(stamps.slice(1).map((stamp, index) => stamp - stamps[index]));
    const sign = stamps.length % 120 < 60 ? 1 : -1;
    const turned = { ...wheel, deltaX: sign * wheel.deltaX, deltaY: sign * wheel.deltaY };
    map.dispatchEvent(new WheelEvent('wheel', { ...at, ...turned }));
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
})`;

/** Sends the map a wheel's turn in each of so many frames. */
async function turn(page: Page, deltas: Wheel): Promise<Frames> {
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable');
  const metrics = async (): Promise<(name: string) => number> => {
    const { metrics: all } = await session.send('Performance.getMetrics');
    return (name) => 1000 * (all.find((metric) => metric.name === name)?.value ?? 0);
  };
  const before = await metrics();
  const spans = await page.evaluate<number[]>(turning(deltas));
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

process.stdout.write(`making a run of ${moments} moments with ${rows} rows …\n`);
const { library, datasetId, remove } = await makeLibrary();
const id = makeRun(library, datasetId, tinyConfig());
fill(library, id);
library.close();

let service = await startServing(library.folder);
const client = await openClient(service.socket);
const other = await openClient(service.socket);
const ask = { id, kind: 'weight', maxColumns: 800, maxCells: 160_000 } as const; // as pages do
const [whole, tenth]: { own: number; waited: number }[][] = [[], []];
for (let round = 0; round < 7; round++) {
  whole!.push(await beside(other, () => client.call(runDynamics, ask)));
  const afterNimg = Math.floor(((round + 1) / 9) * moments) * STEP;
  const stretch = { ...ask, afterNimg, untilNimg: afterNimg + (moments * STEP) / 10 };
  tenth!.push(await beside(other, () => client.call(runDynamics, stretch)));
}
client.close();
other.close();
await service.stop();

const ms = (numbers: readonly number[]): string => median(numbers).toFixed(0);
const served = ([name, both]: [string, { own: number; waited: number }[]]): string[] => [
  name,
  ms(both.map(({ own }) => own)),
  ms(both.map(({ waited }) => waited)),
];
process.stdout.write(
  `${table(['from the service', 'ms', 'another call waits, ms'], [served(['the whole map', whole!]), served(['a tenth of it', tenth!])], [1, 2])}\n`,
);

const lacks = lacksForBrowser();
if (lacks === null) {
  service = await startServing(library.folder);
  const browser = await launchChromium();
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  await page.addInitScript(() => localStorage.setItem('dynamics-maps', 'weight'));
  await page.goto(service.url!);
  await page.goto(`${new URL(service.url!).origin}/#/runs/${id}/dynamics`);
  await page.getByRole('application').waitFor();
  await page.waitForTimeout(1000);
  await page.keyboard.press('+');
  await page.keyboard.press('+');
  await page.waitForTimeout(1500);
  const pans = await turn(page, { deltaX: 12, deltaY: 0, ctrlKey: false });
  await page.waitForTimeout(1000);
  const zooms = await turn(page, { deltaX: 0, deltaY: -8, ctrlKey: true });
  await browser.close();
  await service.stop();
  const line = ([name, { spans, task, script, layout }]: [string, Frames]): string[] => [
    name,
    (1000 / (spans.reduce((sum, span) => sum + span, 0) / spans.length)).toFixed(1),
    median(spans).toFixed(1),
    spans[Math.floor(0.95 * spans.length)]!.toFixed(1),
    task.toFixed(1),
    script.toFixed(1),
    layout.toFixed(1),
    (task - script - layout).toFixed(1),
  ];
  const heads = ['in Chromium', 'frames/s', 'median ms', '95 % ms', 'page’s thread, ms', 'script', 'layout', 'other'];
  process.stdout.write(
    `${table(heads, [line(['moving what is seen', pans]), line(['zooming', zooms])], [1, 2, 3, 4, 5, 6, 7])}\n`,
  );
} else process.stdout.write(`no frames: ${lacks}\n`);
remove();
