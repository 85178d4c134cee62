import { basename, resolve } from 'node:path';
import type { Command } from 'commander';
import { getDataset, importDataset, ImportOptions } from '../../../contract/datasets.ts';
import { AppError } from '../../../contract/errors.ts';
import { grantFolder } from '../../../contract/folders.ts';
import { beginning, LONGEST_NAME } from '../../../contract/names.ts';
import { wholeNumber } from '../arguments.ts';
import { withService, type CommandContext } from '../command.ts';
import { followJob } from '../follow-job.ts';
import { pictures } from '../words.ts';

/** Files named one by one; more are only counted, `--json` lists all. */
const PROBLEMS_SHOWN = 20;

interface ImportArguments {
  readonly name?: string;
  readonly resolution: string;
}

/** `edm2 import`: makes a dataset of a folder of pictures. */
export function addImport(program: Command): void {
  program
    .command('import')
    .description('make a dataset of a folder of pictures (PNG, JPEG, WebP); subfolders become classes')
    .argument('<folder>', 'folder with the pictures')
    .option('--name <name>', 'name of the dataset; default: that of the folder')
    .option('--resolution <pixels>', 'width and height: 8, 16, 32, 64, 128 or 256', '32')
    .action(async (folder: string, options: ImportArguments, command: Command) => {
      await withService(
        command,
        () => readImport(resolve(folder), options),
        (context, asked) => importFolder(context, resolve(folder), asked),
      );
    });
}

/**
 * What is asked of an import.
 *
 * @param folder absolute path; its last part is the name where none is given
 * @throws {AppError} 'invalid-input'
 */
export function readImport(folder: string, given: ImportArguments): ImportOptions {
  const options = ImportOptions.safeParse({
    name: given.name ?? beginning(basename(folder).normalize('NFC'), LONGEST_NAME),
    resolution: wholeNumber(given.resolution, '--resolution'),
  });
  if (options.success) return options.data;
  const wrong = options.error.issues[0]!.path[0];
  throw new AppError(
    'invalid-input',
    wrong === 'resolution'
      ? `--resolution is one of 8, 16, 32, 64, 128, 256, not ${given.resolution}.`
      : '--name takes 1 to 100 characters.',
  );
}

async function importFolder(context: CommandContext, folder: string, options: ImportOptions): Promise<undefined> {
  const { client, output } = context;
  const granted = await client.call(grantFolder, { path: folder });
  const { jobId } = await client.call(importDataset, { folder: granted.id, options });
  const ifLost =
    'The import begins anew by itself once a command or the app starts it again, as `edm2 runs` does; asking for it again would make two datasets.';
  const { datasetId } = await followJob(context, jobId, ifLost);
  const { dataset, problems } = await client.call(getDataset, { id: datasetId! });
  output.event('dataset', { dataset, problems });
  for (const { file, reason } of problems.slice(0, PROBLEMS_SHOWN)) output.say(`Left out ${file}: ${reason}`);
  if (problems.length > PROBLEMS_SHOWN) output.say(`… and ${problems.length - PROBLEMS_SHOWN} more files.`);
  const classes =
    dataset.classes.length > 0
      ? ` in ${dataset.classes.length} ${dataset.classes.length === 1 ? 'class' : 'classes'}`
      : '';
  output.say(`Dataset ${dataset.id} "${dataset.name}": ${pictures(dataset.count)}${classes}.`);
  return undefined;
}
