import type { Dataset } from './datasets.ts';
import type { DataShape } from './network.ts';
import type { RunConfig } from './training.ts';

/** What a network for this dataset is shaped like. Without classes, or when it is not told them, it has none. */
export function shapeFor(dataset: Pick<Dataset, 'resolution' | 'channels' | 'classes'>, config: RunConfig): DataShape {
  const labelDim = config.training.classConditional ? dataset.classes.length : 0;
  return { resolution: dataset.resolution, channels: dataset.channels, labelDim };
}
