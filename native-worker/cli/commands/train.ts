import type { Command } from 'commander';
import { listDatasets } from '../../../contract/datasets.ts';
import type { Devices } from '../../../contract/devices.ts';
import { AppError } from '../../../contract/errors.ts';
import type { Across } from '../../../contract/machines.ts';
import type { RungName } from '../../../contract/ladder.ts';
import { beginning, LONGEST_NAME } from '../../../contract/names.ts';
import { createRun, RunName } from '../../../contract/runs.ts';
import type { Engine, RunConfig } from '../../../contract/training.ts';
import { count, images, number } from '../../../contract/units.ts';
import { heldOutCount, validationCost } from '../../../contract/validation.ts';
import {
  collect,
  configFrom,
  ALL_DEVICES_HELP,
  devicesNamed,
  ENGINE_HELP,
  engineNamed,
  findDataset,
  PRECISION_HELP,
  precisionNamed,
  RUNG_HELP,
  rungNamed,
} from '../arguments.ts';
import { withTasks } from '../cluster/together.ts';
import { EXIT_INTERRUPTED, type CommandContext } from '../command.ts';
import { followRun } from '../follow-run.ts';
import { acrossFrom, addMachineOptions, addMachines, type MachineOptions } from '../machine-options.ts';

interface TrainOptions extends MachineOptions {
  readonly dataset: string;
  readonly preset: string;
  readonly rung?: string;
  readonly set: readonly string[];
  readonly name?: string;
  readonly detach?: boolean;
  readonly force?: boolean;
  readonly engine: string;
  readonly precision?: string;
  readonly devices?: string;
}

/** `edm2 train`: starts a run and shows it until it ends. */
export function addTrain(program: Command): void {
  const command = program
    .command('train')
    .description('start a run and show its progress')
    .requiredOption('--dataset <name|id>', 'what to learn from; `edm2 import` makes one')
    .option('--preset <name>', 'starting point of the settings', 'demo')
    .option('--rung <letter>', RUNG_HELP)
    .option(
      '--set <name=value>',
      'replace one setting, such as training.learningRate=0.005; may be repeated',
      collect,
      [],
    )
    .option('--name <name>', 'name of the run; default: dataset, preset and rung')
    .option('--detach', 'return at once; the run goes on in the background')
    .option('--precision <name>', `${PRECISION_HELP} (default: fp32)`)
    .option('--devices <list>', `${ALL_DEVICES_HELP} (default: the device of the settings)`)
    .option('--force', 'start even what is estimated not to fit into memory')
    .option('--engine <name>', ENGINE_HELP, 'graph');
  addMachineOptions(command).action(async (options: TrainOptions, command: Command) => {
    await withTasks(
      command,
      options,
      (alone) => readOptions(options, alone),
      (context, asked, gathered) => train(context, options, { ...asked, ...gathered }),
    );
  });
}

/** What can be judged without the dataset. */
interface Asked {
  readonly config: RunConfig;
  /** Null: not asked for, so G. */
  readonly rung: RungName | null;
  readonly name: string | undefined;
  readonly engine: Engine;
  readonly devices: Devices | null;
  readonly across: Across | null;
}

/** @param alone no scheduler says who takes part */
function readOptions(options: TrainOptions, alone: boolean): Asked {
  const { preset, rung: letter, set, name, engine, precision } = options;
  const devices = options.devices === undefined ? null : devicesNamed(options.devices);
  if (name !== undefined && !RunName.safeParse(name).success) {
    throw new AppError('invalid-input', '--name takes 1 to 100 characters.');
  }
  const rung = letter === undefined ? null : rungNamed(letter);
  const settings = precision === undefined ? set : [`training.precision=${precisionNamed(precision)}`, ...set];
  return {
    config: configFrom(preset, settings, rung ?? 'G'),
    rung,
    name,
    engine: engineNamed(engine),
    devices,
    across: alone ? acrossFrom(options, devices) : null,
  };
}

async function train(
  context: CommandContext,
  options: TrainOptions,
  { config, rung, name: wanted, engine, devices, across }: Asked,
): Promise<number | undefined> {
  const { client, output } = context;
  const dataset = findDataset(options.dataset, await client.call(listDatasets, {}));
  const name =
    wanted ?? beginning([dataset.name, options.preset, ...(rung === null ? [] : [rung])].join(' '), LONGEST_NAME);
  const force = options.force === true;
  await addMachines(client, devices);
  const { runId, jobId } = await client.call(createRun, {
    name,
    datasetId: dataset.id,
    config,
    engine,
    force,
    devices,
    across,
  });
  output.event('run', { runId, jobId, name });
  output.say(`Run ${runId} "${name}": ${images(config.training.durationImages)} on dataset "${dataset.name}".`);
  const validation = validationWords(dataset.count, config);
  if (validation !== null) output.say(validation);
  if (options.detach === true) {
    output.say(`It goes on in the background. \`edm2 runs show ${runId}\` tells how far it is.`);
    return undefined;
  }
  return follow(context, runId, jobId);
}

/** What is held out and what it costs; null: nothing is validated. @param pictures of the dataset */
function validationWords(pictures: number, { training, logging }: RunConfig): string | null {
  const held = heldOutCount(pictures);
  if (logging.validationImages === 0 || held === 0) return null;
  const cost = validationCost(pictures, training.sigmaRels.length, logging.validationImages);
  return (
    `${count(held)} pictures are held out to validate with every ${images(logging.validationImages)}, ` +
    `about ${number(cost * 100, 2)} % of the time; --set logging.validationImages=0 trains on all.`
  );
}

/** Shows a run until it ends and says how to go on; also for `edm2 runs resume`. */
export async function follow(context: CommandContext, runId: number, jobId: number): Promise<number | undefined> {
  const { run, interrupted } = await followRun(context, {
    runId,
    jobId,
    seconds: null,
    images: null,
    goOnWith: `edm2 runs resume ${runId}`,
  });
  context.output.event('ended', { runId, state: run.state, nimg: run.nimg });
  if (run.state === 'paused') {
    context.output.say(`Paused at ${images(run.nimg)}. \`edm2 runs resume ${runId}\` goes on from there.`);
  } else {
    context.output.say(`Run ${runId} is ${run.state} at ${images(run.nimg)}.`);
  }
  return interrupted ? EXIT_INTERRUPTED : undefined;
}
