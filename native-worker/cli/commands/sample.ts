import { resolve } from 'node:path';
import { Option, type Command } from 'commander';
import { getDataset } from '../../../contract/datasets.ts';
import type { Devices } from '../../../contract/devices.ts';
import { generate } from '../../../contract/samples.ts';
import { emaLength, images } from '../../../contract/units.ts';
import {
  classList,
  classNamed,
  collect,
  DEVICES_HELP,
  devicesNamed,
  lengthNamed,
  seedList,
  wholeNumber,
} from '../arguments.ts';
import { chooseModel, type ChosenModel, type WantedModel } from '../chosen-model.ts';
import { withService, type CommandContext } from '../command.ts';
import { followJob } from '../follow-job.ts';
import { addRenamed } from '../renamed-option.ts';
import {
  addSamplingOptions,
  readSamplingOptions,
  type AskedSampling,
  type SamplingOptions,
} from '../sampling-options.ts';
import { checkTarget, saveSheet } from '../save-file.ts';
import { pictures, reconstructionWords } from '../words.ts';

interface SampleOptions extends SamplingOptions {
  readonly run: string;
  readonly nimg?: string;
  readonly sigmaRel?: string;
  readonly seeds: string;
  readonly classes?: string;
  readonly class: readonly string[];
  readonly columns: string;
  readonly batch: string;
  readonly devices?: string;
  readonly out: string;
}

/** `edm2 sample`: draws pictures with an average of a run. */
export function addSample(program: Command): void {
  const command = program
    .command('sample')
    .description('draw pictures with an average of a run and write them as one PNG')
    .requiredOption('--run <name|id>', 'the run')
    .option('--nimg <images>', 'snapshot at this count of training images; default: the newest');
  const length = new Option(
    '--sigma-rel <value>',
    'length of the average; one that is not stored is reconstructed; default: the longest that is stored',
  );
  addRenamed(command, length, '--std', '--ema')
    .option('--seeds <list>', 'one picture a seed: 0-63, or 1,5,9', '0-63')
    .option(
      '--classes <list>',
      'names or numbers, taken in turn row by row, or "all"; default: each seed draws its own',
    )
    .option(
      '--class <name>',
      'one class, whatever is in its name; may be repeated, and comes after --classes',
      collect,
      [],
    )
    .option('--columns <n>', 'pictures in a row', '8')
    .option('--batch <n>', 'pictures that go through the network of a device at once', '32')
    .option('--devices <list>', `${DEVICES_HELP}; default: the device of the settings`)
    .option('--out <file>', 'where the PNG goes', 'samples.png');
  addSamplingOptions(command).action(async (options: SampleOptions, given: Command) => {
    await withService(
      given,
      () => readOptions(options),
      (context, asked) => sample(context, options, asked),
    );
  });
}

/** What can be judged without the run. */
interface Asked extends AskedSampling {
  readonly model: WantedModel;
  readonly file: string;
  readonly columns: number;
  readonly seeds: number[];
  readonly batchSize: number;
  readonly devices: Devices | null;
}

function readOptions(options: SampleOptions): Asked {
  const asked = {
    ...readSamplingOptions(options),
    model: {
      run: options.run,
      nimg: options.nimg === undefined ? null : wholeNumber(options.nimg, '--nimg'),
      sigmaRel: options.sigmaRel === undefined ? null : lengthNamed(options.sigmaRel, '--sigma-rel'),
    },
    file: resolve(options.out),
    columns: wholeNumber(options.columns, '--columns', 64),
    seeds: seedList(options.seeds),
    batchSize: wholeNumber(options.batch, '--batch', 256),
    devices: options.devices === undefined ? null : devicesNamed(options.devices),
  };
  checkTarget(asked.file);
  return asked;
}

async function sample(context: CommandContext, options: SampleOptions, asked: Asked): Promise<undefined> {
  const { client, output } = context;
  const { file, columns, seeds, sampler, batchSize, precision, engine, devices } = asked;
  const main = await chooseModel(client, asked.model);
  const { run, nimg, sigmaRel, error } = main;
  const { dataset } = await client.call(getDataset, { id: run.datasetId });
  const classes = run.shape.labelDim > 0 ? dataset.classes : [];
  const listed = options.classes === undefined ? [] : classList(options.classes, classes);
  const wanted = [...listed, ...options.class.map((name) => classNamed(name, classes))];
  // A row is a class, as in the grids of training.
  const labels = seeds.map((_, index) => wanted[Math.floor(index / columns) % Math.max(1, wanted.length)] ?? null);
  const guide = asked.guidance && (await chooseModel(client, asked.guidance.guide));
  const guidance = guide && { guide: guide.model, strength: asked.guidance.strength };
  const how = { sampler, guidance, precision, batchSize, engine, devices };
  const request = { model: main.model, seeds, labels, columns, ...how };
  const { jobId } = await client.call(generate, request);
  for (const used of [main, guide]) if (used?.error != null) output.say(reconstructionWords(used.error));
  const guided = guide && `, guided ${guidance!.strength} × by ${described(guide)}`;
  output.say(`Drawing ${pictures(seeds.length)} with ${described(main)}${guided ?? ''}.`);
  const { sampleId } = await followJob(context, jobId);
  await saveSheet(client, sampleId!, file);
  const guideFacts = guide && {
    runId: guide.run.id,
    nimg: guide.nimg,
    sigmaRel: guide.sigmaRel,
    strength: guidance!.strength,
  };
  output.event('sample', { sampleId, runId: run.id, nimg, sigmaRel, error, guide: guideFacts, file });
  output.say(`Wrote ${file}`);
  return undefined;
}

function described({ run, nimg, sigmaRel }: ChosenModel): string {
  return `"${run.name}" at ${images(nimg)}, ${emaLength(sigmaRel)}`;
}
