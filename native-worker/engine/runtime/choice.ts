/** Which runtime jobs use. */
import { cardsOf } from '../../../contract/devices.ts';
import { RuntimeName, runtimeNames } from '../../../contract/runtime.ts';
import { AppError } from '../../../contract/errors.ts';
import { namedGpus, readGpus, suggestRuntime, usedGpu, type GpuReport, type Suggestion, type UsedGpu } from './gpu.ts';

/**
 * EDM2_RUNTIME if it is set, else the user's choice if there is one, else what nvidia-smi suggests.
 *
 * @param setting the user's choice; null: none
 * @param gpus    asks nvidia-smi, or remembers what it said
 * @throws {AppError} 'invalid-input' if EDM2_RUNTIME names no runtime
 */
export async function chosenRuntime(
  setting: RuntimeName | null = null,
  variables: Readonly<Record<string, string | undefined>> = process.env,
  gpus: () => Promise<GpuReport> = readGpus,
): Promise<Suggestion> {
  const forced = variables.EDM2_RUNTIME;
  if (forced !== undefined && forced !== '') {
    const parsed = RuntimeName.safeParse(forced);
    if (!parsed.success)
      throw new AppError('invalid-input', `EDM2_RUNTIME is "${forced}"; it can be ${runtimeNames.join(' or ')}.`);
    return { runtime: parsed.data, reason: 'EDM2_RUNTIME says so.' };
  }
  if (setting !== null) return { runtime: setting, reason: 'It was chosen in the settings.' };
  return suggestRuntime(await gpus());
}

/** What processes compute on that a command starts by itself: it knows no settings. For `jobEnvironment`. */
export async function chosenDevice(): Promise<{ readonly runtime: RuntimeName; readonly gpu: UsedGpu | null }> {
  const { runtime } = await chosenRuntime();
  return { runtime, gpu: runtime === 'cpu' ? null : usedGpu(await readGpus(), null) };
}

/**
 * The same of devices that a command names.
 *
 * @returns the cards; none: the processor, in one part or several
 * @throws {AppError} 'invalid-input' if a card isn't there; 'runtime' if it can't be used
 */
export async function chosenDevices(
  devices: readonly string[],
): Promise<{ readonly runtime: RuntimeName; readonly cards: readonly UsedGpu[] }> {
  const { runtime } = await chosenRuntime();
  const wanted = cardsOf(devices);
  if (wanted.length === 0) return { runtime, cards: [] };
  const cards = namedGpus(await readGpus(), wanted);
  if (runtime !== 'cpu') return { runtime, cards };
  throw new AppError('runtime', 'Cards take the runtime cuda12, and this machine or EDM2_RUNTIME chooses cpu.');
}
