import { resolve } from 'node:path';
import type { Command } from 'commander';
import { AppError } from '../../../contract/errors.ts';
import { listRuns, type RunSummary } from '../../../contract/runs.ts';
import { findRun } from '../arguments.ts';
import { withService, type CommandContext } from '../command.ts';
import { checkTarget, savePieces } from '../save-file.ts';
import { exportEvents } from './export-events.ts';

interface Options {
  readonly tensorboard?: string;
  readonly csv?: boolean;
  readonly out?: string;
  readonly layers?: boolean;
}

interface Asked {
  readonly form: 'csv' | 'json' | 'tensorboard';
  /** A folder for TensorBoard, else a file, both absolute; null: the standard output. */
  readonly place: string | null;
  readonly layers: boolean;
}

/** `edm2 export`: writes what runs recorded for other programs. */
export function addExport(program: Command): void {
  program
    .command('export')
    .description('write what runs recorded for other programs: as CSV or JSON, or as event files of TensorBoard')
    .argument('<run...>', 'names or ids')
    .option('--csv', 'a line a tick, with --layers a line a number; --json: the same as JSON')
    .option('--out <file>', 'where CSV or JSON goes; default, and -: the standard output')
    .option(
      '--tensorboard <folder>',
      'curves and grids as event files there; `tensorboard --logdir <folder>` shows them',
    )
    .option('--layers', 'every layer, block and noise level, too')
    .action(async (wanted: string[], options: Options, command: Command) => {
      await withService(
        command,
        () => read(options, command.optsWithGlobals<{ json?: boolean }>().json === true),
        async (context, asked) => {
          const all = await context.client.call(listRuns, { trashed: false });
          const runs = [...new Set(wanted.map((name) => findRun(name, all)))];
          if (asked.form !== 'tensorboard') await exportNumbers(context, runs, asked);
          else for (const run of runs) await exportEvents(context, run, asked.place!, asked.layers);
          return undefined;
        },
      );
    });
}

/** @throws {AppError} 'invalid-input' */
function read({ tensorboard, csv = false, out, layers = false }: Options, json: boolean): Asked {
  const file = out === undefined || out === '-' ? null : resolve(out);
  if (tensorboard !== undefined) {
    if (csv || out !== undefined)
      throw new AppError(
        'invalid-input',
        '--tensorboard says what is written, and where to; leave --csv and --out out.',
      );
    return { form: 'tensorboard', place: resolve(tensorboard), layers };
  }
  if (csv && json) throw new AppError('invalid-input', '--csv and --json are two forms of one answer; choose one.');
  if (!csv && !json) throw new AppError('invalid-input', 'Say what to write: --csv, --json, or --tensorboard FOLDER.');
  return { form: csv ? 'csv' : 'json', place: file, layers };
}

async function exportNumbers(
  { client, output }: CommandContext,
  runs: readonly RunSummary[],
  { form, place, layers }: Asked,
): Promise<void> {
  const ids = runs.map(({ id }) => id);
  if (place !== null) checkTarget(place);
  const pieces = client.pieces(`/files/runs/${ids.join(',')}/${layers ? 'numbers' : 'ticks'}.${form}`);
  if (place === null) {
    for await (const piece of pieces) await output.write(piece);
    return;
  }
  await savePieces(pieces, place);
  output.event('exported', { runIds: ids, file: place });
  output.say(`Wrote all that ${runs.map(({ id, name }) => `run ${id} "${name}"`).join(', ')} recorded to ${place}.`);
}
