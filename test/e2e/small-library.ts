import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { root } from '../support/root.ts';
import { drawPictures } from './pictures.ts';

/** Settings of a network that trains in seconds, and is stored and drawn with often enough to have something to show. */
const tiny = [
  'training.batchSize=8',
  'logging.tickImages=32',
  'logging.snapshotImages=128',
  'logging.checkpointImages=128',
  'logging.sampleImages=128',
  'logging.validationImages=128',
  'grid.columns=4',
  'grid.rows=2',
  'grid.sampler.steps=4',
];

const run = promisify(execFile);
const cli = join(root, 'native-worker/cli/main.ts');

/**
 * Fills a library from the command line with one of everything that the pages show: a set of pictures with a file left out
 * (set 2; the demo's is 1), a finished run (1), a stopped one (2), a paused one (3) and an ablation of two (4, 5), a sheet of
 * pictures, and an average that is kept.
 *
 * @param scratch a folder in which the pictures to import are drawn
 */
export async function fillLibrary(library: string, scratch: string): Promise<void> {
  const edm2 = (...args: string[]): Promise<unknown> => run(process.execPath, [cli, ...args, '--library', library]);
  const settings = (images: number): string[] =>
    [...tiny, `training.durationImages=${images}`].flatMap((setting) => ['--set', setting]);
  const train = (name: string, images: number, ...more: string[]): Promise<unknown> =>
    edm2('train', '--dataset', 'shapes', '--name', name, ...settings(images), ...more);
  const pictures = join(scratch, 'shapes');
  await drawPictures(pictures);
  await edm2('import', pictures, '--name', 'shapes', '--resolution', '16');
  await train('finished', 256);
  await edm2('sample', '--run', 'finished', '--seeds', '0-3', '--steps', '4', '--out', join(scratch, 'sheet.png'));
  await edm2('reconstruct', 'finished', '--sigma-rel', '0.07', '--name', 'between');
  await train('stopped', 1_000_000, '--detach');
  await edm2('runs', 'stop', 'stopped');
  await train('paused', 1_000_000, '--detach');
  await edm2('runs', 'pause', 'paused');
  await edm2('ablate', '--dataset', 'shapes', '--grid', 'rung=C,G', '--name', 'steps', '--wait', ...settings(64));
}
