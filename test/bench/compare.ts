/**
 * `npm run bench:compare -- [--runs 20] [--overlaid 50] [--ticks 100000] [--frames 240] [--rounds 7]`: how the comparison of many
 * long runs opens and moves. A library of such runs is made in a temporary folder. The page is opened in Chromium, and what
 * it asks the service for is noted; then another program asks for the same, the curves all at once and the findings one
 * after the other as the page does, while a second connection asks for something small over and over. Last the page shows
 * more runs, and what is seen moves in every frame.
 */
import { parseArgs } from 'node:util';
import type { Page } from 'playwright-core';
import { runFindings } from '../../contract/findings.ts';
import { median } from '../../contract/median.ts';
import { table } from '../../native-worker/cli/words.ts';
import { openClient } from '../../native-worker/client/service-client.ts';
import { insertDynamics } from '../../native-worker/store/dynamics.ts';
import type { Library } from '../../native-worker/store/library.ts';
import { makeLevels } from '../../native-worker/store/tick-levels.ts';
import { lacksForBrowser, launchChromium } from '../support/needs.ts';
import { startServing } from '../support/service.ts';
import { makeLibrary, makeRun, tinyConfig } from '../support/training-library.ts';
import { frameHeads, frameLine, turn } from './frames.ts';
import { fillTicks, TICK_IMAGES } from './long-runs.ts';
import { beside, type Waited } from './waiting.ts';

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '20' },
    overlaid: { type: 'string', default: '50' },
    ticks: { type: 'string', default: '100000' },
    frames: { type: 'string', default: '240' },
    rounds: { type: 'string', default: '7' },
  },
});
const [runs, overlaid, ticks] = [Number(values.runs), Number(values.overlaid), Number(values.ticks)];
/** Moments of what is recorded of layers and buckets. */
const MOMENTS = 1000;
const LAYERS = Array.from({ length: 60 }, (_, row) => `unet.enc.${32 >> ((row * 3) / 60)}x_block${row}.conv`);
const BUCKETS = ['Enc 32×32', 'Enc 16×16', 'Enc 8×8', 'Dec 8×8', 'Dec 16×16', 'Dec 32×32'];

/** Magnitudes that grow, each row at its own pace, with noise. */
function fillDynamics(
  library: Library,
  runId: number,
  rows: readonly string[],
  kind: 'weight' | 'activation-max',
): void {
  library.db.transaction(() => {
    for (let index = 1; index <= MOMENTS; index++) {
      const numbers = rows.map(
        (_, row) => 1 + (index * (row + runId)) / MOMENTS / 10 + 0.05 * Math.sin(index * (row + 1)),
      );
      const nimg = Math.round((index * ticks) / MOMENTS) * TICK_IMAGES;
      insertDynamics(library.db, runId, kind, nimg, rows, Float32Array.from(numbers));
    }
  })();
}

interface Asked {
  readonly call: string;
  readonly input: unknown;
}

/** Opens Compare, and waits until it asks for nothing more. @returns what it asked for */
async function open(page: Page, origin: string, ids: readonly number[], panels: readonly string[]): Promise<Asked[]> {
  const asked: Asked[] = [];
  const address = `#/compare?runs=${ids.join(',')}${panels.map((panel) => `&panel=${panel}`).join('')}`;
  let last = performance.now();
  const onSocket = (socket: {
    on(event: 'framesent', listener: (frame: { payload: string | Buffer }) => void): unknown;
  }): void => {
    socket.on('framesent', ({ payload }) => {
      const { call, input } = JSON.parse(String(payload)) as Asked;
      asked.push({ call, input });
      last = performance.now();
    });
  };
  page.on('websocket', onSocket);
  await page.goto('about:blank');
  await page.goto(`${origin}/${address}`);
  await page
    .locator('canvas')
    .nth(panels.length > 0 ? panels.length - 1 : 2)
    .waitFor();
  while (performance.now() - last < 1500) await page.waitForTimeout(200);
  page.off('websocket', onSocket);
  return asked;
}

const lacks = lacksForBrowser();
if (lacks !== null) {
  process.stderr.write(`needs a browser: ${lacks}\n`);
  process.exit(1);
}

const most = Math.max(runs, overlaid);
process.stdout.write(`making ${most} runs with ${ticks} ticks each …\n`);
const { library, datasetId, remove } = await makeLibrary();
const ids = Array.from({ length: most }, () => makeRun(library, datasetId, tinyConfig()));
for (const id of ids) {
  fillTicks(library, id, ticks);
  await makeLevels(library.db, id);
  fillDynamics(library, id, LAYERS, 'weight');
  fillDynamics(library, id, BUCKETS, 'activation-max');
}
library.close();

const service = await startServing(library.folder);
const browser = await launchChromium();
const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
await page.goto(service.url!);
const { origin } = new URL(service.url!);

const client = await openClient(service.socket);
const other = await openClient(service.socket);
const ask = ({ call, input }: Asked): Promise<unknown> => client.forward(call, input);
const lines: string[][] = [];
/** Does it some times, and adds a line to the table. */
async function measure(name: string, asked: readonly Asked[], how: () => Promise<unknown>): Promise<void> {
  const rounds: Waited[] = [];
  for (let round = 0; round < Number(values.rounds); round++) rounds.push(await beside(other, how));
  let bytes = 0;
  for (const one of asked) bytes += JSON.stringify(await ask(one)).length;
  lines.push([
    ...[name, String(asked.length), (bytes / 1e6).toFixed(1)],
    ms(rounds.map(({ own }) => own)),
    ms(rounds.map(({ waited }) => waited)),
  ]);
}
const ms = (numbers: readonly number[]): string => median(numbers).toFixed(0);
const few = ids.slice(0, runs);
const pages: [string, string[]][] = [
  ['the usual panels', []],
  ['the largest activation, too', ['loss', 'learningRate', 'imagesPerSecond', 'activation-max']],
  ['and the weights', ['loss', 'learningRate', 'imagesPerSecond', 'activation-max', 'weight']],
];
for (const [name, panels] of pages) {
  const asked = await open(page, origin, few, panels);
  await page.goto('about:blank');
  const findings = asked.filter(({ call }) => call === runFindings.name);
  const curves = asked.filter((one) => !findings.includes(one));
  await measure(name, curves, () => Promise.all(curves.map(ask)));
  if (panels.length === 0)
    await measure('then their findings', findings, async () => {
      for (const one of findings) await ask(one);
    });
}
client.close();
other.close();
process.stdout.write(
  `${table([`${runs} runs, from the service`, 'calls', 'MB', 'ms', 'another call waits, ms'], lines, [1, 2, 3, 4])}\n`,
);

const opened = performance.now();
await open(page, origin, ids.slice(0, overlaid), []);
process.stdout.write(`${overlaid} runs are drawn after ${(performance.now() - opened - 1500).toFixed(0)} ms at most\n`);
await page.keyboard.press('+');
await page.keyboard.press('+');
await page.waitForTimeout(3000);
const wheel = { deltaX: 12, deltaY: 0, ctrlKey: false };
const pans = await turn(page, '.panels canvas', Number(values.frames), wheel);
await page.waitForTimeout(3000);
const zooms = await turn(page, '.panels canvas', Number(values.frames), { deltaX: 0, deltaY: -8, ctrlKey: true });
process.stdout.write(
  `${table(frameHeads, [frameLine('moving what is seen', pans), frameLine('zooming', zooms)], [1, 2, 3, 4, 5, 6, 7])}\n`,
);
await browser.close();
await service.stop();
remove();
