import type { Command } from 'commander';
import type { RungName } from '../../contract/ladder.ts';
import { type DataShape, MOST_CLASSES } from '../../contract/network.ts';
import { findPreset } from '../../contract/presets.ts';
import { MOST_BATCH, type RunConfig } from '../../contract/training.ts';
import { collect, configFrom, RUNG_HELP, rungNamed, wholeNumber } from './arguments.ts';

/** Options that name a network and the pictures that it is for, where there is no run and no dataset. */
export interface NetworkOptions {
  readonly preset: string;
  readonly rung?: string;
  readonly resolution?: string;
  readonly channels: string;
  readonly classes: string;
  readonly batch?: string;
  readonly set: readonly string[];
}

/** @param defaults of --classes, and an example for --set */
export function addNetworkOptions(
  command: Command,
  defaults: { readonly classes: number; readonly example: string },
): void {
  command
    .option('--preset <name>', 'starting point of the settings', 'demo')
    .option('--rung <letter>', RUNG_HELP)
    .option('--resolution <pixels>', 'width and height of a picture; default: what the preset was made for')
    .option('--channels <n>', 'of a picture: 3 for colour, 1 for grey, 4 for latents', '3')
    .option('--classes <n>', 'that the network is told of; 0: none', String(defaults.classes))
    .option('--batch <n>', 'pictures that go through the network at once; default: what the preset says')
    .option('--set <name=value>', `replace one setting, such as ${defaults.example}; may be repeated`, collect, []);
}

/** A network with the pictures that it is for. */
export interface AskedNetwork {
  readonly preset: string;
  readonly rung: RungName;
  readonly config: RunConfig;
  readonly shape: DataShape;
}

/** @throws {AppError} 'invalid-input' for what can't be meant */
export function readNetwork(options: NetworkOptions): AskedNetwork {
  const rung = rungNamed(options.rung ?? 'G');
  const batch =
    options.batch === undefined ? [] : [`training.batchSize=${wholeNumber(options.batch, '--batch', MOST_BATCH)}`];
  const split = batch.length > 0 ? ['training.microBatch=null'] : [];
  const config = configFrom(options.preset, [...options.set, ...batch, ...split], rung);
  const resolution = options.resolution ?? String(findPreset(options.preset)!.resolution);
  const shape: DataShape = {
    resolution: wholeNumber(resolution, '--resolution', 1024, 4),
    channels: wholeNumber(options.channels, '--channels', 16),
    labelDim: wholeNumber(options.classes, '--classes', MOST_CLASSES, 0),
  };
  return { preset: options.preset, rung, config, shape };
}
