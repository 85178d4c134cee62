/**
 * `npm run bench:maps -- [--moments 20000] [--rows 400] [--frames 240]`: how a map of a long run of a large network moves.
 * A library with such a run is made in a temporary folder; its service is asked for the map while another connection asks
 * for something small over and over; then Chromium shows the map and moves and zooms what is seen in every frame. It draws
 * without a graphics card, so what a frame costs is told apart: script, layout and style, and all else, which is painting.
 */
import { parseArgs } from 'node:util';
import { runDynamics } from '../../contract/dynamics-table.ts';
import { median } from '../../contract/median.ts';
import { table } from '../../native-worker/cli/words.ts';
import { openClient } from '../../native-worker/client/service-client.ts';
import { insertDynamics } from '../../native-worker/store/dynamics.ts';
import type { Library } from '../../native-worker/store/library.ts';
import { insertTick } from '../../native-worker/store/ticks.ts';
import { lacksForBrowser, launchChromium } from '../support/needs.ts';
import { startServing } from '../support/service.ts';
import { exampleTick } from '../support/ticks.ts';
import { makeLibrary, makeRun, tinyConfig } from '../support/training-library.ts';
import { frameHeads, frameLine, turn } from './frames.ts';
import { beside, type Waited } from './waiting.ts';

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

process.stdout.write(`making a run of ${moments} moments with ${rows} rows …\n`);
const { library, datasetId, remove } = await makeLibrary();
const id = makeRun(library, datasetId, tinyConfig());
fill(library, id);
library.close();

let service = await startServing(library.folder);
const client = await openClient(service.socket);
const other = await openClient(service.socket);
const ask = { id, kind: 'weight', maxColumns: 800, maxCells: 160_000 } as const; // as pages do
const [whole, tenth]: Waited[][] = [[], []];
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
const served = ([name, both]: [string, Waited[]]): string[] => [
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
  const pans = await turn(page, '[role=application]', frames, { deltaX: 12, deltaY: 0, ctrlKey: false });
  await page.waitForTimeout(1000);
  const zooms = await turn(page, '[role=application]', frames, { deltaX: 0, deltaY: -8, ctrlKey: true });
  await browser.close();
  await service.stop();
  const lines = [frameLine('moving what is seen', pans), frameLine('zooming', zooms)];
  process.stdout.write(`${table(frameHeads, lines, [1, 2, 3, 4, 5, 6, 7])}\n`);
} else process.stdout.write(`no frames: ${lacks}\n`);
remove();
