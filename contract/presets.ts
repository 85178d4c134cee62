import { CONFIG_FORMAT } from './formats.ts';
import { RunConfig } from './training.ts';
import type * as z from 'zod';

/** A named starting point for a run. */
export interface Preset {
  readonly name: string;
  readonly title: string;
  /** One sentence: what it is for. */
  readonly summary: string;
  /** Picture size in pixels that it was made for; others work. */
  readonly resolution: number;
  readonly config: RunConfig;
}

const MIMG = 2 ** 20;

function preset(
  name: string,
  title: string,
  summary: string,
  resolution: number,
  config: Omit<z.input<typeof RunConfig>, 'version' | 'preset'>,
): Preset {
  return {
    name,
    title,
    summary,
    resolution,
    config: RunConfig.parse({ version: CONFIG_FORMAT, preset: name, ...config }),
  };
}

/**
 * The paper's sizes for 64×64 pictures (RGB ImageNet-64: P_mean −0.8, P_std 1.6, t_ref 35,000 steps, 2^30 images).
 * Widths and rates as in the paper's Table 6; dropout 10 % from M on.
 */
function paperPreset(size: string, modelChannels: number, learningRate: number, dropout: number): Preset {
  return preset(
    size.toLowerCase(),
    size,
    `The paper's size ${size}: ${modelChannels} channels, for 64×64 pictures and a large GPU.`,
    64,
    {
      network: { modelChannels, channelMult: [1, 2, 3, 4], numBlocks: 3, attnResolutions: [16, 8], dropout },
      training: { batchSize: 2048, microBatch: 32, durationImages: 1024 * MIMG, learningRate },
      logging: {
        tickImages: MIMG / 8,
        snapshotImages: 8 * MIMG,
        checkpointImages: 8 * MIMG,
        sampleImages: 2 * MIMG,
        validationImages: 2 * MIMG,
      },
      grid: { sampler: {} },
    },
  );
}

/** In the order in which the New run page shows them; the first is the default. */
export const presets: readonly Preset[] = [
  preset('demo', 'Demo', 'Ten minutes on a CPU: enough to see colours and shapes by class appear.', 32, {
    network: { modelChannels: 32, channelMult: [1, 2, 2], numBlocks: 1, attnResolutions: [8] },
    training: {
      batchSize: 32,
      durationImages: 35_008,
      learningRate: 0.01,
      decayBatches: 500,
      rampUpImages: 4000,
    },
    // A grid costs as much as training on some 800 images: every 4096 leaves the ten minutes to training.
    logging: {
      tickImages: 256,
      snapshotImages: 4096,
      checkpointImages: 4096,
      sampleImages: 4096,
      validationImages: 4096,
    },
    grid: { columns: 8, rows: 9, sampler: { steps: 18 } },
  }),
  preset('small', 'Small', 'A few hours on a GPU: 64 channels for 32×32 pictures.', 32, {
    network: { modelChannels: 64, channelMult: [1, 2, 2], numBlocks: 2, attnResolutions: [16, 8] },
    training: {
      batchSize: 128,
      durationImages: 4 * MIMG,
      learningRate: 0.01,
      decayBatches: 2000,
      rampUpImages: 100_000,
    },
    logging: {
      tickImages: 8192,
      snapshotImages: MIMG / 8,
      checkpointImages: MIMG / 8,
      sampleImages: MIMG / 16,
      validationImages: MIMG / 8,
    },
    grid: { sampler: { steps: 18 } },
  }),
  paperPreset('XS', 128, 0.012, 0),
  paperPreset('S', 192, 0.01, 0),
  paperPreset('M', 256, 0.009, 0.1),
  paperPreset('L', 320, 0.008, 0.1),
  paperPreset('XL', 384, 0.007, 0.1),
  paperPreset('XXL', 448, 0.0065, 0.1),
];

export function findPreset(name: string): Preset | undefined {
  return presets.find((candidate) => candidate.name === name);
}
