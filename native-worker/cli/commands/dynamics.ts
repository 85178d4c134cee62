import type { Command } from 'commander';
import { dynamicsKinds, DynamicsKind } from '../../../contract/dynamics.ts';
import { runDynamics, unpackDynamics, type DynamicsTable } from '../../../contract/dynamics-table.ts';
import { AppError } from '../../../contract/errors.ts';
import { runNoiseAdvice } from '../../../contract/noise-advice.ts';
import { listRuns, runTicks, type RunSummary } from '../../../contract/runs.ts';
import { tickScalars, type TickColumns } from '../../../contract/ticks.ts';
import { findRun, wholeNumber } from '../arguments.ts';
import { withService, type CommandContext } from '../command.ts';
import { changeTable, changesOf, kindTable, noiseTable } from './dynamics-tables.ts';
import { adviceLines } from './noise-advice.ts';

/** Rows that are shown of what changed. */
const ROWS = 10;

/** Moments of each kind, and ticks, that programs get at most; more are thinned. */
const MOST_MOMENTS = 2000;
const MOST_TICKS = 20_000;

interface Options {
  readonly kind?: string[];
  readonly rows: string;
  readonly csv?: boolean;
  readonly advice?: boolean;
}

interface Asked {
  readonly kinds: readonly DynamicsKind[];
  /** Whether these kinds were asked for, and not all. */
  readonly asked: boolean;
  readonly rows: number;
  readonly csv: boolean;
  readonly advice: boolean;
}

/** `edm2 dynamics`: what a run recorded of its layers, blocks and noise levels. */
export function addDynamics(program: Command): void {
  program
    .command('dynamics')
    .description('tell how a run trained: what changed most in its network, and its loss by noise level')
    .argument('<run>', 'name or id')
    .option('--kind <kinds...>', `of these kinds only: ${Object.keys(dynamicsKinds).join(', ')}`)
    .option(
      '--rows <n>',
      'so many layers and blocks: those that changed most, of --kind or else in weights and activations',
      String(ROWS),
    )
    .option(
      '--csv',
      'print its numbers instead: nimg, kind, row, value; of a long run fewer ticks (`edm2 export` has all)',
    )
    .option('--advice', 'say where its noise levels should sit instead, and why')
    .action(async (wanted: string, options: Options, command: Command) => {
      await withService(
        command,
        () => read(options, command.optsWithGlobals<{ json?: boolean }>().json === true),
        async (context, asked) => {
          const run = findRun(wanted, await context.client.call(listRuns, { trashed: false }));
          if (asked.advice) await advise(context, run);
          else await tell(context, run, asked);
          return undefined;
        },
      );
    });
}

/** @throws {AppError} 'invalid-input' */
function read({ kind, rows, csv = false, advice = false }: Options, json: boolean): Asked {
  if (csv && json) throw new AppError('invalid-input', '--csv and --json are two forms of one answer; choose one.');
  if (advice && (csv || kind !== undefined)) {
    throw new AppError(
      'invalid-input',
      '--advice goes by all that is recorded and prints no numbers; leave --csv and --kind out.',
    );
  }
  const kinds = (kind ?? DynamicsKind.options).map((name) => {
    const known = DynamicsKind.safeParse(name);
    if (known.success) return known.data;
    throw new AppError('invalid-input', `There is no kind "${name}"; there are ${DynamicsKind.options.join(', ')}.`);
  });
  return { kinds, asked: kind !== undefined, rows: wholeNumber(rows, '--rows'), csv, advice };
}

async function advise({ client, output }: CommandContext, { id }: RunSummary): Promise<void> {
  const advice = await client.call(runNoiseAdvice, { id });
  output.event('advice', { runId: id, ...advice });
  for (const line of adviceLines(advice)) output.say(line);
}

async function tell(
  { client, output }: CommandContext,
  run: RunSummary,
  { kinds, asked, rows, csv }: Asked,
): Promise<void> {
  const tables: DynamicsTable[] = [];
  for (const kind of kinds) {
    const packed = await client.call(runDynamics, { id: run.id, kind, maxColumns: MOST_MOMENTS });
    tables.push(unpackDynamics(packed));
  }
  for (const table of tables) output.event('dynamics', { runId: run.id, ...table });
  if (csv) {
    const ticks = await client.call(runTicks, { id: run.id, maxPoints: MOST_TICKS });
    for (const line of csvLines(ticks, tables)) output.say(line);
    return;
  }
  const recorded = tables.filter(({ nimg }) => nimg.length > 0);
  if (recorded.length === 0) {
    output.say(`Nothing of the kind is recorded of run ${run.id} "${run.name}" yet.`);
    return;
  }
  const changes = recorded.flatMap(changesOf);
  // Rates and what follows from them change in all layers alike; these two say which layer differs.
  const compared = asked ? changes : changes.filter(({ kind }) => kind === 'weight' || kind === 'activation');
  if (changes.length > 0) output.say(kindTable(changes));
  if (compared.length > 0) output.say(`\n${changeTable(compared, rows)}`);
  const noise = noiseTable(recorded);
  if (noise !== null) output.say(`${changes.length > 0 ? '\n' : ''}${noise}`);
  const missing = tables.filter((table) => !recorded.includes(table)).map(({ kind }) => kind);
  if (missing.length > 0) output.say(`\nNot recorded: ${missing.join(', ')}.`);
}

/** One line a number: of the tick's scalars first, whose row is empty, then of each kind. What is not known is left empty. */
function* csvLines(ticks: TickColumns, tables: readonly DynamicsTable[]): Generator<string> {
  yield 'nimg,kind,row,value';
  for (const name of Object.keys(tickScalars) as (keyof TickColumns)[]) {
    if (name === 'nimg') continue;
    for (const [at, value] of ticks[name].entries()) yield `${ticks.nimg[at]},${name},,${value ?? ''}`;
  }
  for (const { kind, layers, nimg, values } of tables) {
    for (const [row, layer] of layers.entries()) {
      for (const [at, value] of values[row]!.entries()) yield `${nimg[at]},${kind},${layer},${value ?? ''}`;
    }
  }
}
