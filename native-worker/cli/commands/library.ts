import type { Command } from 'commander';
import { emptySetAside, listSetAside } from '../../../contract/set-aside.ts';
import { bytes } from '../../../contract/units.ts';
import { withService, type CommandContext } from '../command.ts';

/** `edm2 library`: what concerns the library as a whole. */
export function addLibrary(program: Command): void {
  const library = program.command('library').description('look after the library; see library set-aside');
  library
    .command('set-aside')
    .description('list the files that lay among the library’s own and that its index did not know')
    .option('--empty', 'delete them')
    .action(async (options: { empty?: boolean }, command: Command) => {
      await withService(
        command,
        () => options.empty === true,
        (context, empty) => setAside(context, empty),
      );
    });
}

async function setAside({ client, output }: CommandContext, empty: boolean): Promise<undefined> {
  const { count, sizeBytes, path, files } = await client.call(listSetAside, {});
  const amount = `${count} ${count === 1 ? 'file' : 'files'}, ${bytes(sizeBytes)}`;
  output.event('setAside', { count, sizeBytes, path, files, emptied: empty });
  if (count === 0) {
    output.say('Nothing is set aside.');
  } else if (empty) {
    await client.call(emptySetAside, {});
    output.say(`Deleted ${amount}, from ${path}.`);
  } else {
    for (const file of files) output.say(file);
    if (count > files.length) output.say(`and ${count - files.length} more`);
    output.say(`${amount}, in ${path}. \`edm2 library set-aside --empty\` deletes them.`);
  }
  return undefined;
}
