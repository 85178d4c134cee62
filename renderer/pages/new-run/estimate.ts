import { CHECKPOINTS_KEPT, type RunConfig } from '../../../contract/training.ts';

/** Bytes of a number in float32, the precision in which weights are trained and stored. */
const FLOAT32 = 4;

/** What a run will write, as far as it follows from the number of parameters and the plan. */
export interface Estimate {
  /** The weights alone. */
  weightsBytes: number;
  /** Moments at which a snapshot is written; each writes one file per EMA length. */
  snapshots: number;
  snapshotBytes: number;
  /** Checkpoints on disk at the end; older ones are deleted. */
  checkpoints: number;
  checkpointBytes: number;
  /** Sample grids drawn. */
  grids: number;
}

/** How often something happens in a run that does it every so many images and once at the end; 0: only then. */
export function moments(durationImages: number, everyImages: number): number {
  return everyImages === 0 ? 1 : Math.ceil(durationImages / everyImages);
}

/**
 * @param config     of the run
 * @param parameters trainable numbers of network and u(sigma) head
 */
export function estimate(config: RunConfig, parameters: number): Estimate {
  const { training, logging, grid } = config;
  const averages = training.sigmaRels.length;
  const weightsBytes = parameters * FLOAT32;
  const snapshots = moments(training.durationImages, logging.snapshotImages);
  const checkpoints = Math.min(CHECKPOINTS_KEPT, moments(training.durationImages, logging.checkpointImages));
  return {
    weightsBytes,
    snapshots,
    snapshotBytes: snapshots * averages * weightsBytes,
    checkpoints,
    // Weights, two moments and the averages; gradients are not kept.
    checkpointBytes: checkpoints * (3 + averages) * weightsBytes,
    grids:
      logging.sampleImages === 0
        ? 0
        : Math.floor(training.durationImages / logging.sampleImages) * Math.min(1, grid.rows),
  };
}
