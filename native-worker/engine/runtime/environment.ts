/** The environment of processes that load TensorFlow: it takes its settings from there, before its library is loaded. */
import { existsSync, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { inheritedEnvironment } from '../../../contract/environment.ts';
import { AppError } from '../../../contract/errors.ts';
import type { Compilation } from '../../../contract/compilation.ts';
import type { Precision } from '../../../contract/precision.ts';
import type { RuntimeName } from '../../../contract/runtime.ts';
import { physicalCores } from './cores.ts';
import { WSL_DRIVER, type UsedGpu } from './gpu.ts';
import { runtimeFolder } from './places.ts';

/** The variable in which a platform's loader looks for libraries. */
export function libraryPathVariable(platform: NodeJS.Platform = process.platform): string {
  if (platform === 'darwin') return 'DYLD_LIBRARY_PATH';
  return platform === 'win32' ? 'PATH' : 'LD_LIBRARY_PATH';
}

/** What separates folders in that variable; on Linux a semicolon does, too. */
const SEPARATORS: Partial<Record<NodeJS.Platform, RegExp>> = { linux: /[:;]/u, darwin: /:/u, win32: /;/u };

/**
 * Makes sure that the platform's loader can look for libraries in a folder.
 *
 * @throws {AppError} 'runtime' if a character of its path ends a path for the loader
 */
export function needSearchablePath(folder: string): void {
  const found = SEPARATORS[process.platform]?.exec(folder);
  if (found == null) return;
  throw new AppError(
    'runtime',
    `TensorFlow can't be loaded from ${folder}: "${found[0]}" ends a folder's name for the system. Set EDM2_CACHE to a folder without it.`,
  );
}

/** What CUDA_VISIBLE_DEVICES is to be, so that no card is seen. */
export const HIDDEN = '-1';

export interface JobEnvironmentOptions {
  readonly runtime: RuntimeName;
  /** Threads of TensorFlow's kernels; null: one per physical core. */
  readonly threads: number | null;
  /** The GPU to use (`usedGpu`); null: none is known, so what CUDA_VISIBLE_DEVICES says. */
  readonly gpu?: Pick<UsedGpu, 'visible'> | null;
  /** In which it computes; default: fp32. */
  readonly precision?: Precision;
  /** What XLA compiles of a step on a GPU. */
  readonly compile?: Compilation;
  /** The runtime's folder; default: its place in the user's cache. */
  readonly folder?: string;
  /** Take kernels on a GPU that give the same numbers each time. */
  readonly deterministic?: boolean;
  /** Where WSL2 has the driver's libraries; a parameter for tests. */
  readonly wslDriver?: string;
  /** What is inherited from; default: this process's environment. */
  readonly variables?: Readonly<Record<string, string | undefined>>;
}

/**
 * The whole environment of a process that loads TensorFlow. It does not check that the runtime is there.
 *
 * @returns variables for `spawn`; nothing else of the parent's environment must be added
 */
export function jobEnvironment(options: JobEnvironmentOptions): Record<string, string> {
  const variables = options.variables ?? process.env;
  const folder = options.folder ?? runtimeFolder(options.runtime);
  const environment = inheritedEnvironment('job', variables);
  environment.EDM2_RUNTIME = options.runtime; // which one this is, for processes that start others
  const threads = String(options.threads ?? physicalCores());
  environment.TF_NUM_INTRAOP_THREADS = threads; // inter-op threads stay at their default, which measured best
  environment.OMP_NUM_THREADS = threads;
  environment.TF_OVERRIDE_GLOBAL_THREADPOOL = '1'; // else no session can have fewer threads inside its kernels (sides.ts)
  environment.TF_ENABLE_ONEDNN_OPTS = '1';
  // Else cards from compute capability 8.0 on would multiply float32 in TF32, with 11 bits of precision instead of 24.
  // NVIDIA's libraries read it; `setTensorFloat32` tells TensorFlow the same.
  if (options.precision !== 'tf32') environment.NVIDIA_TF32_OVERRIDE = '0';
  // Else glibc keeps a heap for each of TensorFlow's threads, and freed memory in all: 5 % more at the peak, no faster.
  environment.MALLOC_ARENA_MAX = '2';
  environment.TF_CPP_MIN_LOG_LEVEL = '1'; // warnings and errors: among them the GPU libraries it could not load

  const pathVariable = libraryPathVariable();
  const inherited = variables[pathVariable];
  const path = libraryFolders(folder);
  if (inherited !== undefined && inherited !== '') path.push(inherited); // the driver's own libraries may be found there only
  const wslDriver = options.wslDriver ?? WSL_DRIVER;
  if (options.runtime === 'cuda12' && existsSync(wslDriver)) path.push(wslDriver);
  environment[pathVariable] = path.join(delimiter);

  if (options.runtime === 'cuda12') {
    environment.TF_FORCE_GPU_ALLOW_GROWTH = 'true'; // else TensorFlow takes all of the GPU's memory at once
    // XLA looks for ptxas and libdevice there; without the quotes a blank in the path would end the flag.
    environment.XLA_FLAGS = `--xla_gpu_cuda_data_dir="${join(folder, 'nvidia', 'cuda_nvcc')}"`;
    if (options.gpu != null) environment.CUDA_VISIBLE_DEVICES = options.gpu.visible;
    // CUDA's own order is by speed, which nobody but CUDA knows; nvidia-smi's, by which cards are judged, is by slot.
    environment.CUDA_DEVICE_ORDER = 'PCI_BUS_ID';
    // On the CPU XLA was measured to be slower, and to take a minute to compile: it is for GPUs alone.
    if (options.compile !== undefined && options.gpu?.visible !== HIDDEN) environment.EDM2_COMPILE = options.compile;
    if (options.deterministic === true) {
      environment.TF_DETERMINISTIC_OPS = '1';
      environment.TF_CUDNN_USE_AUTOTUNE = '0'; // which algorithm is the fastest may turn out differently each time
    }
  } else {
    environment.CUDA_VISIBLE_DEVICES = HIDDEN;
  }
  return environment;
}

/** The folders of a runtime that hold shared libraries: TensorFlow's own first, then one per nvidia wheel. */
export function libraryFolders(folder: string): string[] {
  const folders = [join(folder, 'lib')];
  const nvidia = join(folder, 'nvidia');
  if (existsSync(nvidia)) {
    for (const part of readdirSync(nvidia).sort()) {
      const lib = join(nvidia, part, 'lib');
      if (existsSync(lib)) folders.push(lib);
    }
  }
  return folders;
}
