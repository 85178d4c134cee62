import type { Command } from 'commander';
import {
  ablationTag,
  checkNetworks,
  freeTag,
  pointName,
  pointsOf,
  readAxis,
  rungAt,
  runNameAt,
  settingsAt,
  type Point,
} from '../../../contract/ablation.ts';
import { expectSpeed } from '../../../contract/app.ts';
import { shapeFor } from '../../../contract/data-shape.ts';
import { listDatasets, type Dataset } from '../../../contract/datasets.ts';
import type { Devices } from '../../../contract/devices.ts';
import { AppError } from '../../../contract/errors.ts';
import { runChanged } from '../../../contract/events.ts';
import { createRun, getRun, listRuns, Tag, type RunSummary } from '../../../contract/runs.ts';
import type { Engine, RunConfig } from '../../../contract/training.ts';
import { count, duration, images } from '../../../contract/units.ts';
import type { ServiceClient } from '../../client/service-client.ts';
import {
  ALL_DEVICES_HELP,
  collect,
  configFrom,
  devicesNamed,
  ENGINE_HELP,
  engineNamed,
  findDataset,
  PRECISION_HELP,
  precisionNamed,
} from '../arguments.ts';
import { EXIT_FAILURE, withService, type CommandContext } from '../command.ts';
import { whileServed } from '../lost-service.ts';
import { table } from '../words.ts';
import { boardWords, readBoard } from './ablation-table.ts';

interface Options {
  readonly dataset?: string;
  readonly preset: string;
  readonly grid: readonly string[];
  readonly seeds?: string;
  readonly set: readonly string[];
  readonly name?: string;
  readonly precision?: string;
  readonly devices?: string;
  readonly engine: string;
  readonly force?: boolean;
  readonly dryRun?: boolean;
  readonly wait?: boolean;
}

/** A run that is to be made. */
interface Planned {
  readonly point: Point;
  readonly config: RunConfig;
}

interface Asked {
  readonly dataset: string;
  readonly runs: readonly Planned[];
  readonly name: string | null;
  readonly engine: Engine;
  readonly devices: Devices | null;
}

/** `edm2 ablate`: queues a run for each combination of some settings; its subcommand tells what came of them. */
export function addAblate(program: Command): void {
  const ablation = program
    .command('ablate')
    .description(
      'queue a run for each combination of some settings, all with the same number of images; see also ablate show',
    )
    .option('--dataset <name|id>', 'what to learn from; `edm2 import` makes one')
    .option('--preset <name>', 'starting point of the settings', 'demo')
    .option(
      '--grid <name=values>',
      'an axis: rung=A..G, lr=0.005,0.01, precision=fp32,bf16; may be repeated',
      collect,
      [],
    )
    .option('--seeds <numbers>', 'so many seeds each, such as 0..2')
    .option('--set <name=value>', 'replace one setting of all of them; may be repeated', collect, [])
    .option('--name <name>', 'one word that its runs are tagged with; default: dataset and preset')
    .option('--precision <name>', `${PRECISION_HELP} (default: fp32)`)
    .option('--devices <list>', `${ALL_DEVICES_HELP} (default: the device of the settings)`)
    .option('--engine <name>', ENGINE_HELP, 'graph')
    .option('--force', 'start even what is estimated not to fit into memory')
    .option('--dry-run', 'say which runs there would be and how long they take, and make none')
    .option('--wait', 'return when all of them have ended; 1 if any failed')
    .action(async (options: Options, command: Command) => {
      await withService(
        command,
        () => read(options),
        (context, asked) => ablate(context, options, asked),
      );
    });
  ablation
    .command('show')
    .description('tell what an ablation came to so far: validation error at equal images, growth, speed, seeds as ±')
    .argument('<name>', 'its name, the tag of its runs')
    .action(async (wanted: string, _options: unknown, command: Command) => {
      await withService(command, () => wanted, show);
    });
}

async function show({ client, output }: CommandContext, wanted: string): Promise<undefined> {
  const runs = (await client.call(listRuns, { trashed: false })).filter(({ tags }) => tags.includes(wanted));
  if (runs.length === 0)
    throw new AppError(
      'not-found',
      `No run has the tag "${wanted}". \`edm2 runs list --columns name,tag\` shows what there is.`,
    );
  await tell(
    { client, output },
    runs.map(({ id }) => id),
  );
  return undefined;
}

async function tell(
  { client, output }: Pick<CommandContext, 'client' | 'output'>,
  ids: readonly number[],
): Promise<void> {
  const board = await readBoard(client, ids);
  for (const { runs, ...row } of board.rows)
    output.event('row', { nimg: board.nimg, ...row, runs: runs.map(({ run }) => run.id) });
  output.say(boardWords(board));
}

/** Every configuration is made before the first run is: what makes no sense is told while nothing is queued. */
function read(options: Options): Asked {
  const { dataset, preset, grid, seeds, set, name, precision } = options;
  if (dataset === undefined)
    throw new AppError('invalid-input', 'Say what to learn from with --dataset NAME; `edm2 import` makes one.');
  const axes = [...grid, ...(seeds === undefined ? [] : [`seed=${seeds}`])].map(readAxis);
  if (axes.length === 0) {
    throw new AppError('invalid-input', 'Say what is to differ: --grid rung=A..G, or --seeds 0..2.');
  }
  if (name !== undefined && !Tag.safeParse(name).success)
    throw new AppError('invalid-input', '--name takes one word of at most 40 characters, without commas.');
  const common = precision === undefined ? set : [`training.precision=${precisionNamed(precision)}`, ...set];
  const runs = pointsOf(axes).map((point): Planned => {
    const own = settingsAt(point).map(({ path, value }) => `${path}=${JSON.stringify(value)}`);
    try {
      return { point, config: configFrom(preset, [...common, ...own], rungAt(point) ?? 'G') };
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      throw new AppError(error.code, `The run of ${pointName(point)} can't be: ${error.message}`, { cause: error });
    }
  });
  return {
    dataset,
    runs,
    name: name ?? null,
    engine: engineNamed(options.engine),
    devices: options.devices === undefined ? null : devicesNamed(options.devices),
  };
}

async function ablate(context: CommandContext, options: Options, asked: Asked): Promise<number | undefined> {
  const { client, output } = context;
  const dataset = findDataset(asked.dataset, await client.call(listDatasets, {}));
  checkNetworks(dataset, asked.runs);
  const name = freeTag(
    asked.name ?? ablationTag(`${dataset.name} ${options.preset}`),
    await client.call(listRuns, { trashed: false }),
  );
  const seconds = await secondsOf(client, dataset, asked.runs);
  output.event('ablation', { name, runs: asked.runs.length, seconds });
  output.say(planWords(name, asked.runs, seconds));
  if (options.dryRun === true) return undefined;
  const ids = await queue(context, options, asked, dataset, name);
  if (options.wait !== true) {
    output.say(`They train one after the other. \`edm2 ablate show ${name}\` tells how far they are.`);
    return undefined;
  }
  const ifLost = `The runs are queued; \`edm2 ablate show ${name}\` tells how far they are.`;
  const ended = await whileServed(client, ifLost, () => allEnded(client, ids));
  await tell(context, ids);
  for (const run of ended) output.event('ended', { runId: run.id, state: run.state, nimg: run.nimg });
  return ended.some(({ state }) => state === 'failed') ? EXIT_FAILURE : undefined;
}

/** Makes the runs; where one is refused those before it stay, and the error says so. @returns their ids */
async function queue(
  { client, output }: CommandContext,
  options: Options,
  { runs, engine, devices }: Asked,
  dataset: Dataset,
  tag: string,
): Promise<number[]> {
  const ids: number[] = [];
  for (const { point, config } of runs) {
    const name = runNameAt(tag, point);
    const wanted = { name, datasetId: dataset.id, config, tags: [tag], engine, force: options.force === true, devices };
    try {
      const { runId, jobId } = await client.call(createRun, wanted);
      ids.push(runId);
      output.event('run', { runId, jobId, name });
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      const before = ids.length === 0 ? 'None is queued' : `${ids.length} of ${runs.length} are queued`;
      throw new AppError(error.code, `${before}; ${pointName(point)} is refused: ${error.message}`, { cause: error });
    }
  }
  return ids;
}

/** Waits until all have ended. @returns them, in the order of the ids */
async function allEnded(client: ServiceClient, ids: readonly number[]): Promise<RunSummary[]> {
  const ended = new Map<number, RunSummary>();
  const goesOn = ({ state }: RunSummary): boolean => state === 'queued' || state === 'running';
  await new Promise<void>((resolve, reject) => {
    const look = (run: RunSummary): void => {
      if (!ids.includes(run.id)) return;
      if (goesOn(run)) ended.delete(run.id);
      else ended.set(run.id, run);
      if (ended.size === ids.length) resolve();
    };
    client.on(runChanged, look);
    for (const id of ids) client.call(getRun, { id }).then(look, reject);
  });
  return ids.map((id) => ended.get(id)!);
}

/** Seconds that all of them take together, as far as earlier runs tell; null: not of each. */
async function secondsOf(client: ServiceClient, dataset: Dataset, runs: readonly Planned[]): Promise<number | null> {
  let all = 0;
  for (const { config } of runs) {
    const { batchSize, microBatch, precision, durationImages } = config.training;
    const training = { batchSize, microBatch, precision };
    const asked = { network: config.network, shape: shapeFor(dataset, config), training };
    const { imagesPerSecond } = await client.call(expectSpeed, asked);
    if (imagesPerSecond === null) return null;
    all += durationImages / imagesPerSecond;
  }
  return all;
}

function planWords(name: string, runs: readonly Planned[], seconds: number | null): string {
  const budget = images(runs.reduce((sum, { config }) => sum + config.training.durationImages, 0));
  const time =
    seconds === null ? 'How long they take is not known before one has run here' : `About ${duration(seconds)}`;
  const rows = runs.map(({ point, config }) => [pointName(point), images(config.training.durationImages)]);
  return [
    `"${name}": ${count(runs.length)} runs, ${budget} in all. ${time}.`,
    table(['run', 'images'], rows, [1]),
  ].join('\n');
}
