import type { Command } from 'commander';
import { countParameters, planNetwork, type ParameterCount } from '../../../contract/architecture.ts';
import type { RungName } from '../../../contract/ladder.ts';
import { imagesAtOnce } from '../../../contract/micro-batch.ts';
import { estimateMemory, type MemoryEstimate } from '../../../contract/memory.ts';
import type { DataShape } from '../../../contract/network.ts';
import { countOperations, operationKinds, totalOperations, type OperationKind } from '../../../contract/operations.ts';
import { bytes, count } from '../../../contract/units.ts';
import { withoutService } from '../command.ts';
import { addNetworkOptions, readNetwork, type AskedNetwork, type NetworkOptions } from '../network-options.ts';
import { table, threeDigits } from '../words.ts';

/** `edm2 count`: how large a network is and what it takes, without training anything. */
export function addCount(program: Command): void {
  const command = program
    .command('count')
    .description('parameters, multiply-adds and estimated memory of a network, without training it');
  addNetworkOptions(command, { classes: 0, example: 'network.numBlocks=2' });
  command.action(async (options: NetworkOptions, command: Command) => {
    await withoutService(command, (output) => {
      const asked = readNetwork(options);
      const counted = countNetwork(asked);
      output.event('count', { ...counted });
      output.say(countWords(asked, counted));
    });
  });
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
export function countNetwork({ preset, rung, config, shape }: AskedNetwork): Counted {
  const plan = planNetwork(config.network, shape);
  const { byKind, total } = totalOperations(countOperations(plan));
  return {
    preset,
    rung,
    shape,
    parameters: countParameters(plan),
    multiplyAdds: { ...byKind, total },
    batch: imagesAtOnce(config.training),
    memoryEstimate: estimateMemory(plan, config.training),
  };
}

/** The same as three small tables. */
export function countWords({ config }: AskedNetwork, { preset, rung, shape, ...counted }: Counted): string {
  const { parameters, multiplyAdds, memoryEstimate: memory, batch } = counted;
  const pictures = `${shape.resolution}×${shape.resolution}`;
  const classes = shape.labelDim === 0 ? 'no classes' : `${shape.labelDim} classes`;
  const averages = config.training.sigmaRels.length;
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
          count(parameters[part]),
          share(parameters[part], parameters.total),
        ]),
        ['all', count(parameters.total), ''],
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
    'Training takes about three times the multiply-adds. The memory is an estimate: expect 15 % more or less, and\n' +
      `${bytes(memory.whileWriting)} more while a checkpoint is written, where there is room for it.`,
  ].join('\n\n');
}

/** 101_900_000_000 → "101.9 G": one digit after the point, as in the paper's table. */
function large(count: number): string {
  if (count < 1e6) return `${threeDigits(count / 1e3)} k`;
  return count < 1e9 ? `${(count / 1e6).toFixed(1)} M` : `${(count / 1e9).toFixed(1)} G`;
}
