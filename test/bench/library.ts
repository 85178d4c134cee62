/**
 * `npm run bench:library -- [--runs 1000] [--ticks 5000000] [--rounds 7]`: how long a large library lets one wait. It is made
 * first, in a temporary folder: one run has a fifth of the ticks, one as many without levels, as an earlier version left them;
 * the others share the rest. Then a service of its own opens it and answers the calls that pages make, while another
 * connection asks for the list over and over: what that waits is what another page would.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { median } from '../../contract/median.ts';
import { readRunFilter } from '../../contract/run-filter.ts';
import { inOrder, readOrder } from '../../contract/run-table.ts';
import { listRuns, MOST_CONFIGS, runConfigs, runTicks } from '../../contract/runs.ts';
import type { RunConfig } from '../../contract/training.ts';
import { table } from '../../native-worker/cli/words.ts';
import { openClient } from '../../native-worker/client/service-client.ts';
import { datasetRecordPath } from '../../native-worker/store/paths.ts';
import { makeLevels } from '../../native-worker/store/tick-levels.ts';
import { lacksForBrowser, launchChromium } from '../support/needs.ts';
import { startServing } from '../support/service.ts';
import { makeLibrary, makeRun, tinyConfig } from '../support/training-library.ts';
import { fillTicks } from './long-runs.ts';
import { beside, time, type Waited } from './waiting.ts';

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '1000' },
    ticks: { type: 'string', default: '5000000' },
    rounds: { type: 'string', default: '7' },
  },
});
const [runs, ticks, rounds] = [Number(values.runs), Number(values.ticks), Number(values.rounds)];
const long = Math.floor(ticks / 5);

process.stdout.write(`making ${runs} runs with ${ticks} ticks …\n`);
const { library, datasetId, remove } = await makeLibrary();
const ids = Array.from({ length: runs }, () => makeRun(library, datasetId, tinyConfig()));
const [leveled, old, ...rest] = ids as [number, number, ...number[]];
fillTicks(library, leveled, long);
await makeLevels(library.db, leveled);
fillTicks(library, old, long);
for (const id of rest) fillTicks(library, id, Math.floor((ticks - 2 * long) / rest.length));
library.close();

const spawned = performance.now();
let service = await startServing(library.folder);
const client = await openClient(service.socket);
await client.call(listRuns, {});
const start = performance.now() - spawned;
const other = await openClient(service.socket);

const lastRecord = join(library.folder, datasetRecordPath(datasetId));
const records = await beside(other, async () => {
  while (!existsSync(lastRecord)) await sleep(20);
});

const all = await client.call(listRuns, {});
const configs = new Map<number, RunConfig>();
const settings = await beside(other, async () => {
  for (let at = 0; at < all.length; at += MOST_CONFIGS) {
    const part = all.slice(at, at + MOST_CONFIGS).map(({ id }) => id);
    for (const { id, config } of await client.call(runConfigs, { ids: part })) configs.set(id, config);
  }
});
const known = all.map((run) => ({ ...run, config: configs.get(run.id)! }));

/** What the page does at each letter that is typed. */
function filter(): void {
  const read = readRunFilter('rung:C,G lr<0.5 -state:failed or "test" seed:7');
  const order = readOrder('-training.learningRate,name');
  if ('problem' in read || 'problem' in order) throw new Error('the filter of the bench makes no sense');
  if (inOrder(known.filter(read.filter.matches), order.order).length !== runs) throw new Error('all runs fit');
}

const list: number[] = [];
const filtered: number[] = [];
const chart: Waited[] = [];
const zoomed: Waited[] = [];
for (let round = 0; round < rounds; round += 1) {
  list.push(await time(() => client.call(listRuns, {})));
  filtered.push(
    await time(() => {
      filter();
      return Promise.resolve();
    }),
  );
  chart.push(await beside(other, () => client.call(runTicks, { id: leveled })));
  const from = Math.floor(((round + 1) / (rounds + 2)) * long) * 256;
  zoomed.push(
    await beside(other, () => client.call(runTicks, { id: leveled, afterNimg: from, untilNimg: from + long * 25 })),
  );
}
const first = await beside(other, () => client.call(runTicks, { id: old }));
client.close();
other.close();
await service.stop();

/** A browser is open for long when it is asked for the page, and has nothing of the app. */
const BROWSER_SETTLES_MS = 2000;
const STARTS = 5;
const starts: { service: number; page: number }[] = [];
if (lacksForBrowser() === null) {
  const browser = await launchChromium();
  for (let round = 0; round < STARTS; round += 1) {
    const context = await browser.newContext();
    const tab = await context.newPage();
    await sleep(BROWSER_SETTLES_MS);
    const opened = performance.now();
    service = await startServing(library.folder);
    const asked = performance.now();
    await tab.goto(service.url!);
    await tab
      .getByRole('checkbox', { name: /^Choose / })
      .nth(5)
      .waitFor();
    starts.push({ service: asked - opened, page: performance.now() - asked });
    await context.close();
    await service.stop();
  }
  await browser.close();
}
remove();

const ms = (numbers: readonly number[]): string => median(numbers).toFixed(0);
const waits = (both: readonly Waited[]): string[] => [
  ms(both.map(({ own }) => own)),
  ms(both.map(({ waited }) => waited)),
];
/** Two cells. */
const fromStart = (of: (start: { service: number; page: number }) => number): string[] => [
  starts.length === 0 ? '– (needs Chromium and the built pages)' : ms(starts.map(of)),
  '',
];
process.stdout.write(
  `${table(
    ['', 'ms', 'another call waits, ms'],
    [
      ['first start of the service to the list of runs', start.toFixed(0), ''],
      [
        `start of the service to the Runs page, median of ${STARTS}`,
        ...fromStart(({ service: ready, page }) => ready + page),
      ],
      ['of which the service until it answers', ...fromStart(({ service: ready }) => ready)],
      ['of which the page, from its address to its rows', ...fromStart(({ page }) => page)],
      ['records of all runs, first written 2 s after the start', ...waits([records])],
      [`list of ${runs} runs`, ms(list), ''],
      [`settings of ${runs} runs, ${MOST_CONFIGS} at a time`, ...waits([settings])],
      [`${runs} runs filtered and sorted by settings`, ms(filtered), ''],
      [`curve of ${long} ticks`, ...waits(chart)],
      ['a tenth of it', ...waits(zoomed)],
      ['its first look without levels, once', ...waits([first])],
    ],
    [1, 2],
  )}\n`,
);
