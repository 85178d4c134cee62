/** The runtimes there are, and how much of them is on this machine. */
import { runtimeNames, type RuntimeName, type RuntimeStatus } from '../../../contract/runtime.ts';
import { AppError } from '../../../contract/errors.ts';
import { checkRuntime } from './manifest.ts';
import { readLock, thisPlatform, type RuntimeLock } from './lock.ts';
import { cacheFolder, runtimeFolder } from './places.ts';

const titles: Readonly<Record<RuntimeName, string>> = { cpu: 'CPU', cuda12: 'NVIDIA GPU (CUDA 12)' };

export interface StatusOptions {
  /** What jobs use. */
  readonly active: RuntimeName;
  /** The one that is being installed just now; null: none. */
  readonly installing?: RuntimeName | null;
  readonly cache?: string;
}

/** The runtimes of this platform. Compares sizes only, so it is quick. */
export async function runtimeStatuses(options: StatusOptions): Promise<RuntimeStatus[]> {
  const statuses: RuntimeStatus[] = [];
  for (const name of runtimeNames) {
    const lock = lockOrNull(name);
    if (lock === null) continue;
    const check = await checkRuntime(runtimeFolder(name, options.cache ?? cacheFolder()), lock, { thorough: false });
    statuses.push({
      name,
      title: titles[name],
      state: options.installing === name ? 'installing' : check.state,
      version: lock.version,
      downloadBytes: check.state === 'ready' ? 0 : lock.wheels.reduce((sum, wheel) => sum + wheel.bytes, 0),
      active: name === options.active,
    });
  }
  return statuses;
}

/** Whether jobs can start with a runtime at once. */
export async function runtimeIsReady(name: RuntimeName, cache: string = cacheFolder()): Promise<boolean> {
  const lock = lockOrNull(name);
  return lock !== null && (await checkRuntime(runtimeFolder(name, cache), lock, { thorough: false })).state === 'ready';
}

/** @throws {AppError} 'runtime' if a process that loads TensorFlow could not start with it */
export async function needRuntime(name: RuntimeName): Promise<void> {
  if (await runtimeIsReady(name)) return;
  throw new AppError(
    'runtime',
    `TensorFlow's runtime "${name}" is not installed, or not whole. Run "npm run setup", or choose it in Settings: it is fetched again. "edm2 doctor" says more.`,
  );
}

/** TensorFlow's version in a runtime, installed or not; null: the runtime does not exist for this platform. */
export function lockedVersion(name: RuntimeName): string | null {
  return lockOrNull(name)?.version ?? null;
}

/** null: the runtime does not exist for this platform. */
function lockOrNull(name: RuntimeName): RuntimeLock | null {
  try {
    return readLock(name, thisPlatform);
  } catch (error) {
    if (error instanceof AppError && error.code === 'runtime') return null;
    throw error;
  }
}
