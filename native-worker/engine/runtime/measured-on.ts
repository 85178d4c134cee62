import type { RuntimeName } from '../../../contract/runtime.ts';
import type { UsedGpu } from './gpu.ts';
import { processorInWords } from './processor.ts';
import { lockedVersion } from './status.ts';

/** What decides how fast a device is, in words; speeds that were measured hold where all three are the same. */
export interface MeasuredOn {
  readonly device: string;
  /** Of a card; null: a processor. */
  readonly driver: string | null;
  /** TensorFlow's version. */
  readonly tensorflow: string;
}

/** @param gpu that jobs compute on; null: none is known, so they compute on the processor */
export function measuredOn(runtime: RuntimeName, gpu: UsedGpu | null): MeasuredOn {
  const tensorflow = lockedVersion(runtime) ?? 'none';
  if (runtime === 'cpu' || gpu === null) return { device: processorInWords(), driver: null, tensorflow };
  return { device: gpu.name, driver: gpu.driver, tensorflow };
}
