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

/** @param gpus that jobs compute on; none is known: they compute on the processor */
export function measuredOn(runtime: RuntimeName, ...gpus: readonly (UsedGpu | null)[]): MeasuredOn {
  const tensorflow = lockedVersion(runtime) ?? 'none';
  const cards = gpus.flatMap((gpu) => gpu ?? []);
  if (runtime === 'cpu' || cards.length === 0) return { device: processorInWords(), driver: null, tensorflow };
  return { device: cards.map(({ name }) => name).join(' + '), driver: cards[0]!.driver, tensorflow };
}
