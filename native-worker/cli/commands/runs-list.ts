import type { Command } from 'commander';
import { csvQuoted } from '../../../contract/csv.ts';
import { AppError } from '../../../contract/errors.ts';
import { runFields, type FieldValue, type RunField, type TableRun } from '../../../contract/run-fields.ts';
import { readRunFilter } from '../../../contract/run-filter.ts';
import type { Problem } from '../../../contract/run-terms.ts';
import { cellText, inOrder, readColumns, readOrder } from '../../../contract/run-table.ts';
import { listRuns, MOST_CONFIGS, runConfigs, type RunSummary } from '../../../contract/runs.ts';
import type { ServiceClient } from '../../client/service-client.ts';
import { withService, type CommandContext } from '../command.ts';
import { table } from '../words.ts';

/** `edm2 runs list`: runs as a table that is filtered, sorted and cut into columns. */

const DEFAULT_COLUMNS = 'id,name,state,dataset,rung,progress,total,loss,speed';

interface Options {
  readonly filter?: string;
  readonly sort?: string;
  readonly columns?: string;
  readonly csv?: boolean;
  readonly fields?: boolean;
}

interface Asked {
  readonly matches: (run: TableRun) => boolean;
  readonly order: ReturnType<typeof orderOf>;
  readonly columns: readonly RunField[];
  /** Whether these were asked for. */
  readonly chosen: boolean;
  readonly csv: boolean;
}

export function addRunsList(runs: Command): void {
  runs
    .command('list')
    .description('list the runs that fit, in an order and with columns of your choice')
    .option(
      '--filter <conditions>',
      'all must hold: state:failed, rung:C,D, lr<0.005, tag:paper, created>2026-11-01, -name:test, a bare word; "or" between two',
    )
    .option('--sort <fields>', 'by these, separated by commas; - before one that is to fall: -loss,name')
    .option('--columns <fields>', `what to show, separated by commas (default: ${DEFAULT_COLUMNS})`)
    .option('--fields', 'list what can be asked for instead')
    .option('--csv', 'print the columns as CSV, with numbers as they are')
    .action(async (options: Options, command: Command) => {
      const json = command.optsWithGlobals<{ json?: boolean }>().json === true;
      if (options.fields === true) {
        process.stdout.write(json ? fieldLines() : `${fieldTable()}\n`);
        return;
      }
      await withService(command, () => read(options, json), list);
    });
}

/** `edm2 runs`: all runs, newest first. */
export async function listAll(context: CommandContext): Promise<undefined> {
  return list(context, read({}, false));
}

/** @throws {AppError} 'invalid-input' */
function read({ filter = '', sort = '', columns, csv = false }: Options, json: boolean): Asked {
  if (csv && json) throw new AppError('invalid-input', '--csv and --json are two forms of one answer; choose one.');
  const filtered = readRunFilter(filter);
  if ('problem' in filtered) throw badOption('--filter', filter, filtered.problem);
  const chosen = readColumns(columns ?? DEFAULT_COLUMNS);
  if ('problem' in chosen) throw badOption('--columns', columns ?? '', chosen.problem);
  if (chosen.columns.length === 0)
    throw new AppError('invalid-input', '--columns names no field; leave it out for the usual ones.');
  return {
    matches: filtered.filter.matches,
    order: orderOf(sort),
    columns: chosen.columns,
    chosen: columns !== undefined,
    csv,
  };
}

function orderOf(sort: string): Extract<ReturnType<typeof readOrder>, { order: unknown }>['order'] {
  const read = readOrder(sort);
  if ('problem' in read) throw badOption('--sort', sort, read.problem);
  return read.order;
}

/** What is wrong with an option, and under it where. */
function badOption(option: string, text: string, { from, to, message }: Problem): AppError {
  const line = text.replaceAll(/\s/gu, ' ');
  const mark = `${' '.repeat(from)}${'^'.repeat(Math.max(1, to - from))}`;
  return new AppError('invalid-input', `${option}: ${message}\n  ${line}\n  ${mark}`);
}

async function list({ client, output }: CommandContext, asked: Asked): Promise<undefined> {
  const all = await withConfigs(client, await client.call(listRuns, { trashed: false }));
  const runs = inOrder(all.filter(asked.matches), asked.order);
  for (const run of runs)
    output.event('run', asked.chosen ? { id: run.id, ...cells(run, asked.columns) } : { ...run, config: undefined });
  if (asked.csv) {
    output.say(asked.columns.map(({ name }) => name).join(','));
    for (const run of runs) output.say(Object.values(cells(run, asked.columns)).map(csvCell).join(','));
    return undefined;
  }
  if (all.length === 0) output.say('There are no runs yet. `edm2 demo` makes one.');
  else if (runs.length === 0) output.say(`None of ${all.length} runs fits.`);
  else output.say(runTable(runs, asked.columns));
  return undefined;
}

async function withConfigs(client: ServiceClient, runs: readonly RunSummary[]): Promise<TableRun[]> {
  const known = new Map<number, TableRun['config']>();
  for (let at = 0; at < runs.length; at += MOST_CONFIGS) {
    const ids = runs.slice(at, at + MOST_CONFIGS).map(({ id }) => id);
    for (const { id, config } of await client.call(runConfigs, { ids })) known.set(id, config);
  }
  return runs.map((run) => ({ ...run, config: known.get(run.id) ?? null }));
}

function runTable(runs: readonly TableRun[], columns: readonly RunField[]): string {
  const numbers = columns.flatMap(({ kind }, at) => (kind === 'number' ? [at] : []));
  const rows = runs.map((run) => columns.map((field) => cellText(field, run, minute).replaceAll(/\s+/gu, ' ')));
  return table(columns.map(headOf), rows, numbers);
}

/** The shortest name that is asked for by. */
const headOf = ({ name, aliases }: RunField): string => (name.includes('.') ? (aliases[0] ?? name) : name);

type Cell = FieldValue | readonly FieldValue[] | null;

/** Values by the fields' names, for programs: numbers as they are, moments in ISO 8601. */
function cells(run: TableRun, columns: readonly RunField[]): Record<string, Cell> {
  return Object.fromEntries(
    columns.map((field) => {
      const value = field.read(run);
      return [field.name, field.kind === 'time' && typeof value === 'number' ? new Date(value).toISOString() : value];
    }),
  );
}

/** Several values are one text, with spaces between; what is not there is empty. */
function csvCell(value: Cell): string {
  const text = value === null ? '' : typeof value === 'object' ? value.join(' ') : String(value);
  return csvQuoted(text);
}

/** "2026-11-29 14:02", local time. */
function minute(at: number): string {
  const date = new Date(at);
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}`;
}

function fieldTable(): string {
  const kinds = { text: 'text', choice: 'one of', number: 'number', flag: 'yes or no', time: 'day' } as const;
  const rows = runFields().map(({ name, aliases, kind, choices, words }) => [
    name,
    aliases.join(', '),
    choices === null ? kinds[kind] : choices.join(', '),
    words,
  ]);
  return table(['field', 'also', 'is', 'what it is'], rows);
}

function fieldLines(): string {
  return runFields()
    .map(
      ({ name, aliases, kind, unit, choices, words }) =>
        `${JSON.stringify({ type: 'field', name, aliases, kind, unit, choices, words })}\n`,
    )
    .join('');
}
