import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { openLibrary } from '../../../native-worker/store/library.ts';
import { makeLibrary, makeRun, tinyConfig } from '../../support/training-library.ts';

/** Kills that come at any moment of the writing, and fewer than would make the suite slow. */
const KILLS = 8;

test('a writer that is killed at any moment leaves whole transactions: each tick with its magnitudes, or neither', async () => {
  const { library, datasetId, remove } = await makeLibrary();
  const runId = makeRun(library, datasetId, tinyConfig());
  const store = new URL('../../../native-worker/store/', import.meta.url).href;
  const script = join(library.folder, 'writer.ts');
  writeFileSync(
    script,
    `import { writeSync } from 'node:fs';
     import { openLibrary } from '${store}library.ts';
     import { insertTick } from '${store}ticks.ts';
     import { insertDynamics } from '${store}dynamics.ts';
     import { exampleTick } from '${new URL('../../support/ticks.ts', import.meta.url).href}';
     import { write } from '${store}statements.ts';
     const { db } = openLibrary(${JSON.stringify(library.folder)});
     let nimg = db.prepare('SELECT coalesce(max(nimg), 0) FROM ticks').pluck().get();
     for (;;) {
       nimg += 16;
       write(db, () => {
         insertTick(db, ${runId}, exampleTick(nimg));
         insertDynamics(db, ${runId}, 'weight', nimg, ['a', 'b'], Float32Array.of(nimg, 1));
       });
       writeSync(1, '.');
     }`,
  );
  let before = 0;
  for (let kill = 0; kill < KILLS; kill++) {
    const child = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'inherit'] });
    const gone = new Promise((resolve) => child.once('exit', resolve));
    await written(child.stdout, 1 + kill); // and it is within one that nobody has heard of yet
    child.kill('SIGKILL');
    await gone;
    const again = openLibrary(library.folder);
    expect(again.db.pragma('quick_check', { simple: true })).toBe('ok');
    const ticks = again.db.prepare('SELECT nimg FROM ticks ORDER BY nimg').pluck().all();
    expect(again.db.prepare('SELECT nimg FROM dynamics ORDER BY nimg').pluck().all()).toEqual(ticks);
    expect(again.db.prepare('SELECT nimg FROM runs').pluck().get()).toBe(ticks.at(-1));
    expect(ticks.length).toBeGreaterThan(before); // what was committed before the last kill is still there
    before = ticks.length;
    again.close();
  }
  remove();
});

/** Resolves when the writer has told of so many transactions, a byte each. */
function written(output: Readable, transactions: number): Promise<void> {
  return new Promise((resolve) => {
    let heard = 0;
    output.on('data', (bytes: Buffer) => {
      heard += bytes.length;
      if (heard >= transactions) resolve();
    });
  });
}
