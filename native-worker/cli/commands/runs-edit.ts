import type { Command } from 'commander';
import * as z from 'zod';
import { AppError } from '../../../contract/errors.ts';
import { editRun, listRuns, MOST_NOTES, MOST_TAGS, RunName, Tag } from '../../../contract/runs.ts';
import { collect, findRun } from '../arguments.ts';
import { withService, type CommandContext } from '../command.ts';
import { firstIssue } from '../issue-words.ts';

interface Options {
  readonly name?: string;
  readonly notes?: string;
  readonly tag: readonly string[];
  readonly untag: readonly string[];
}

/** What is to become of runs, as the options say it. */
const Change = z.strictObject({
  name: RunName.optional(),
  notes: z.string().max(MOST_NOTES).optional(),
  tag: z.array(Tag),
  untag: z.array(Tag),
});
type Change = z.infer<typeof Change>;

/** `edm2 runs edit`: names, notes and tags of runs. */
export function addRunsEdit(runs: Command): void {
  runs
    .command('edit')
    .description('rename a run, write its notes, give tags to runs and take them away')
    .argument('<runs...>', 'names or ids')
    .option('--name <name>', 'what it is called from now on; of one run')
    .option('--notes <text>', 'in place of its notes; an empty text removes them')
    .option('--tag <tag>', 'one word; may be repeated', collect, [])
    .option('--untag <tag>', 'a tag to take away; may be repeated', collect, [])
    .action(async (wanted: string[], options: Options, command: Command) => {
      await withService(
        command,
        () => read(options, wanted.length),
        (context, change) => edit(context, wanted, change),
      );
    });
}

/** @throws {AppError} 'invalid-input' */
function read(options: Options, runs: number): Change {
  const { tag, untag, name, notes } = options;
  if (name === undefined && notes === undefined && tag.length + untag.length === 0)
    throw new AppError('invalid-input', 'Say what is to change: --name, --notes, --tag or --untag.');
  if (name !== undefined && runs > 1)
    throw new AppError('invalid-input', `--name is for one run, and there are ${runs}.`);
  const parsed = Change.safeParse({ ...options, tag: [...tag], untag: [...untag] });
  if (!parsed.success) {
    const { path } = parsed.error.issues[0]!;
    throw new AppError('invalid-input', firstIssue(parsed.error, { [path.join('.')]: `--${String(path[0])}` }));
  }
  return parsed.data;
}

async function edit({ client, output }: CommandContext, wanted: readonly string[], change: Change): Promise<undefined> {
  const all = await client.call(listRuns, { trashed: false });
  // All are found, and checked, before the first is changed.
  const found = [...new Map(wanted.map((one) => findRun(one, all)).map((run) => [run.id, run])).values()];
  const { name, notes, tag, untag } = change;
  const edits = found.map((run) => {
    const tags = [...new Set([...run.tags, ...tag])].filter((one) => !untag.includes(one));
    if (tags.length > MOST_TAGS)
      throw new AppError(
        'invalid-input',
        `Run ${run.id} "${run.name}" would have ${tags.length} tags; ${MOST_TAGS} are the most.`,
      );
    return { run, tags };
  });
  for (const { run, tags } of edits) {
    await client.call(editRun, {
      id: run.id,
      ...(name !== undefined && { name }),
      ...(notes !== undefined && { notes }),
      ...(tag.length + untag.length > 0 && { tags }),
    });
    const now = { name: name ?? run.name, notes: notes ?? run.notes, tags };
    output.event('edited', { runId: run.id, ...now });
    output.say(`Run ${run.id} "${now.name}": ${now.tags.length === 0 ? 'no tags' : `tags ${now.tags.join(', ')}`}.`);
  }
  return undefined;
}
