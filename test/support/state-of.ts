import type { NetworkPlan } from '../../contract/architecture.ts';
import type { Trainer } from '../../native-worker/jobs/training/trainer.ts';
import { stateSources } from '../../native-worker/programs/flat-state.ts';

/** The whole state of a trainer as it is, by its names in a graph. @param averages how many it keeps */
export async function stateOf(
  trainer: Trainer,
  plan: NetworkPlan,
  averages: number,
): Promise<Record<string, readonly number[]>> {
  const names = [...stateSources(plan, averages).keys()];
  const held = await trainer.hold(names);
  return Object.fromEntries(names.map((name) => [name, Array.from(held.take(name).values)]));
}
