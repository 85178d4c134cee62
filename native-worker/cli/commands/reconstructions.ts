import type { Command } from 'commander';
import { AppError } from '../../../contract/errors.ts';
import {
  deleteReconstruction,
  listReconstructions,
  locateReconstruction,
  ReconstructionName,
  renameReconstruction,
  type Reconstruction,
} from '../../../contract/reconstructions.ts';
import { listRuns } from '../../../contract/runs.ts';
import { bytes, images } from '../../../contract/units.ts';
import { findRun, wholeNumber } from '../arguments.ts';
import { withService, type CommandContext } from '../command.ts';
import { percent, table } from '../words.ts';

/** `edm2 reconstructions`: lists what `edm2 reconstruct` kept; its subcommands rename and delete one. */
export function addReconstructions(program: Command): void {
  const all = program
    .command('reconstructions')
    .description('list the averages that were reconstructed and kept; see also reconstructions rename, delete')
    .option('--run <name|id>', 'of this run only')
    .action(async (options: { run?: string }, command: Command) => {
      await withService(
        command,
        () => options.run ?? null,
        (context, run) => list(context, run),
      );
    });
  const one = (name: string, description: string): Command =>
    all.command(name).description(description).argument('<id>', 'as the list shows it');
  one('rename', 'give one another name')
    .argument('<name>', '1 to 100 characters')
    .action(async (id: string, name: string, _options: unknown, command: Command) => {
      await withService(
        command,
        () => ({ id: wholeNumber(id, '<id>'), name: readName(name) }),
        async ({ client, output }, asked) => {
          await client.call(renameReconstruction, asked);
          output.event('renamed', asked);
          output.say(`Reconstruction ${asked.id} is called "${asked.name}" now.`);
          return undefined;
        },
      );
    });
  one('delete', 'delete one with its file').action(async (id: string, _options: unknown, command: Command) => {
    await withService(
      command,
      () => ({ id: wholeNumber(id, '<id>') }),
      async ({ client, output }, asked) => {
        await client.call(deleteReconstruction, asked);
        output.event('deleted', asked);
        output.say(`Reconstruction ${asked.id} is deleted.`);
        return undefined;
      },
    );
  });
}

/** @throws {AppError} 'invalid-input' */
export function readName(text: string): string {
  const name = ReconstructionName.safeParse(text);
  if (name.success) return name.data;
  throw new AppError('invalid-input', 'A reconstruction’s name has 1 to 100 characters.');
}

async function list({ client, output }: CommandContext, wanted: string | null): Promise<undefined> {
  const runs = await client.call(listRuns, { trashed: false });
  const runId = wanted === null ? null : findRun(wanted, runs).id;
  const kept = await client.call(listReconstructions, { runId });
  if (output.json) {
    for (const one of kept) {
      const { path } = await client.call(locateReconstruction, { id: one.id });
      output.event('reconstruction', { ...one, path });
    }
    return undefined;
  }
  if (kept.length === 0) {
    output.say('No reconstruction is kept yet. `edm2 reconstruct` makes one.');
    return undefined;
  }
  const row = (one: Reconstruction): string[] => [
    String(one.id),
    one.name,
    runs.find(({ id }) => id === one.runId)?.name ?? 'a run in the trash',
    images(one.nimg),
    String(one.sigmaRel),
    percent(one.error),
    bytes(one.sizeBytes),
  ];
  const headings = ['id', 'name', 'run', 'at', 'σ_rel', 'error', 'size'];
  output.say(table(headings, kept.map(row), [0, 3, 4, 5, 6]));
  return undefined;
}
