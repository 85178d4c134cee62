import type { Command } from 'commander';
import { countParameters, planNetwork, type ParameterCount } from '../../../contract/architecture.ts';
import { AppError } from '../../../contract/errors.ts';
import type { RungName } from '../../../contract/ladder.ts';
import { estimateMemory, type MemoryEstimate } from '../../../contract/memory.ts';
import { DataShape } from '../../../contract/network.ts';
import { countOperations, operationKinds, totalOperations, type OperationKind } from '../../../contract/operations.ts';
import { findPreset } from '../../../contract/presets.ts';
import type { RunConfig } from '../../../contract/training.ts';
import { collect, configFrom, RUNG_HELP, rungNamed, wholeNumber } from '../arguments.ts';
import { withoutService } from '../command.ts';
import { bytes, table, threeDigits } from '../words.ts';

interface CountOptions {
  readonly preset: string;
  readonly rung?: string;
  readonly resolution?: string;
  readonly channels: string;
  readonly classes: string;
  readonly batch?: string;
  readonly set: readonly string[];
}

/** `edm2 count`: how large a network is and what it takes, without training anything. */
export function addCount(program: Command): void {
  program
    .command('count')
    .description('parameters, multiply-adds and estimated memory of a network, without training it')
    .option('--preset <name>', 'starting point of the settings', 'demo')
    .option('--rung <letter>', RUNG_HELP)
    .option('--resolution <pixels>', 'width and height of a picture; default: what the preset was made for')
    .option('--channels <n>', 'of a picture: 3 for colour, 1 for grey, 4 for latents', '3')
    .option('--classes <n>', 'that the network is told of; 0: none', '0')
    .option('--batch <n>', 'pictures that go through the network at once; default: what the preset says')
    .option('--set <name=value>', 'replace one setting, such as network.numBlocks=2; may be repeated', collect, [])
    .action(async (options: CountOptions, command: Command) => {
      await withoutService(command, (output) => {
        const asked = readOptions(options);
        const counted = countNetwork(asked);
        output.event('count', { ...counted });
        output.say(countWords(asked, counted));
      });
    });
}

/** A network with the pictures that it is for. */
interface Asked {
  readonly preset: string;
  readonly rung: RungName;
  readonly config: RunConfig;
  readonly shape: DataShape;
}

/** @throws {AppError} 'invalid-input' for what can't be meant */
export function readOptions(options: CountOptions): Asked {
  const rung = rungNamed(options.rung ?? 'G');
  const batch = options.batch === undefined ? [] : [`training.batchSize=${wholeNumber(options.batch, '--batch')}`];
  const split = batch.length > 0 ? ['training.microBatch=null'] : [];
  const config = configFrom(options.preset, [...options.set, ...batch, ...split], rung);
  const resolution = options.resolution ?? String(findPreset(options.preset)!.resolution);
  const shape = DataShape.safeParse({
    resolution: wholeNumber(resolution, '--resolution', 1024),
    channels: wholeNumber(options.channels, '--channels', 16),
    labelDim: options.classes.trim() === '0' ? 0 : wholeNumber(options.classes, '--classes', 100_000),
  });
  if (!shape.success) throw new AppError('invalid-input', `--resolution takes 4 to 1024 pixels, not ${resolution}.`);
  return { preset: options.preset, rung, config, shape: shape.data };
}

interface Counted {
  readonly preset: string;
  readonly rung: RungName;
  readonly shape: DataShape;
  readonly parameters: ParameterCount;
  /** Multiply-adds of one evaluation of the network for one picture. */
  readonly multiplyAdds: Readonly<Record<OperationKind, number>> & { readonly total: number };
  /** Pictures that go through the network at once. */
  readonly batch: number;
  /** Bytes at the peak of a training step: an estimate. */
  readonly memoryEstimate: MemoryEstimate;
}

/** @throws {AppError} 'invalid-input' if there is no such network */
export function countNetwork({ preset, rung, config, shape }: Asked): Counted {
  const plan = planNetwork(config.network, shape);
  const { byKind, total } = totalOperations(countOperations(plan));
  const { batchSize, microBatch } = config.training;
  return {
    preset,
    rung,
    shape,
    parameters: countParameters(plan),
    multiplyAdds: { ...byKind, total },
    batch: Math.min(microBatch ?? batchSize, batchSize),
    memoryEstimate: estimateMemory(plan, config.training),
  };
}

/** The same as three small tables. */
export function countWords({ config }: Asked, { preset, rung, shape, ...counted }: Counted): string {
  const { parameters, multiplyAdds, memoryEstimate: memory, batch } = counted;
  const pictures = `${shape.resolution}×${shape.resolution}`;
  const classes = shape.labelDim === 0 ? 'no classes' : `${shape.labelDim} classes`;
  const averages = config.training.emaStds.length;
  const share = (part: number, whole: number): string => `${((100 * part) / whole).toFixed(1)} %`;
  const parts = ['embedding', 'encoder', 'decoder', 'output', 'logvar'] as const;
  const rows: [string, number][] = [
    ['weights', memory.weights],
    ['gradients', memory.gradients],
    ["Adam's moments", memory.moments],
    [averages === 1 ? 'average' : `${averages} averages`, memory.averages],
    [batch === 1 ? 'activations of 1 picture' : `activations of ${batch} pictures`, memory.activations],
    ['workspace', memory.workspace],
    ['TensorFlow and Node', memory.runtime],
    ['all', memory.total],
  ];
  return [
    `Preset ${preset} in configuration ${rung}: ${pictures} pictures, channels: ${shape.channels}, ${classes}.`,
    table(
      ['parameters', '', ''],
      [
        ...parts.map((part) => [
          part === 'logvar' ? 'uncertainty u(σ)' : part,
          parameters[part].toLocaleString('en'),
          share(parameters[part], parameters.total),
        ]),
        ['all', parameters.total.toLocaleString('en'), ''],
      ],
      [1, 2],
    ),
    table(
      ['multiply-adds per image', '', ''],
      [
        ...operationKinds.map((kind) => [
          kind === 'weights' ? 'norms of weights' : kind,
          large(multiplyAdds[kind]),
          share(multiplyAdds[kind], multiplyAdds.total),
        ]),
        ['all', large(multiplyAdds.total), ''],
      ],
      [1, 2],
    ),
    table(
      [`memory at batch ${batch}, estimated`, ''],
      rows.map(([name, size]) => [name, bytes(size)]),
      [1],
    ),
    'Training takes about three times the multiply-adds. The memory is an estimate: expect a third more or less.',
  ].join('\n\n');
}

/** 101_900_000_000 → "101.9 G": one digit after the point, as in the paper's table. */
function large(count: number): string {
  if (count < 1e6) return `${threeDigits(count / 1e3)} k`;
  return count < 1e9 ? `${(count / 1e6).toFixed(1)} M` : `${(count / 1e9).toFixed(1)} G`;
}
