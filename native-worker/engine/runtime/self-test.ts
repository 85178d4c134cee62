/** Proves that TensorFlow loads and computes, in a process of its own, and says on which device. */
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as z from 'zod';
import { AppError } from '../../../contract/errors.ts';
import type { RuntimeName } from '../../../contract/runtime.ts';
import { runChild } from './child.ts';
import { jobEnvironment, type JobEnvironmentOptions } from './environment.ts';
import { librariesNamedMissing, providerOf } from './gpu-libraries.ts';
import { runtimeFolder } from './places.ts';

/** What the child prints. */
const SelfTestFindings = z.strictObject({
  /** TensorFlow's version, as the library says it. */
  version: z.string(),
  gpu: z.boolean(),
  /** What was computed wrongly, as half a sentence; null: nothing. */
  wrong: z.string().nullable(),
  /** GPU libraries that the system's loader can't load, with its words. */
  unloadable: z.array(z.strictObject({ file: z.string(), error: z.string() })),
});
export type SelfTestFindings = z.infer<typeof SelfTestFindings>;

export interface SelfTest extends SelfTestFindings {
  /** A GPU was asked for and the CPU came. */
  readonly fellBack: boolean;
  /** Why, as a sentence; null where it didn't fall back. */
  readonly reason: string | null;
  readonly milliseconds: number;
}

export interface SelfTestOptions {
  readonly runtime: RuntimeName;
  readonly threads: number | null;
  /** As for `jobEnvironment`. */
  readonly gpu?: NonNullable<JobEnvironmentOptions['gpu']> | null;
  readonly cache?: string;
}

/** Loading takes 2 s here; a first start on a GPU compiles kernels for it and may take minutes. */
const TIMEOUT_MS = 300_000;

/**
 * Runs the self-test.
 *
 * @throws {AppError} 'runtime' if TensorFlow does not load or the process dies
 */
export async function selfTest(options: SelfTestOptions): Promise<SelfTest> {
  const started = performance.now();
  // In a packaged app the files have been compiled to JavaScript; both lie side by side.
  const script = fileURLToPath(new URL(`./self-test-child${extname(import.meta.url)}`, import.meta.url));
  const folder = runtimeFolder(options.runtime, options.cache);
  const environment = {
    ...jobEnvironment({ ...options, folder }),
    TF_CPP_MIN_LOG_LEVEL: '0',
    TF_CPP_VMODULE: 'dso_loader=1',
  };
  const wantsGpu = options.runtime === 'cuda12';
  const result = await runChild(process.execPath, [script, ...(wantsGpu ? ['--gpu'] : [])], {
    environment,
    timeoutMs: TIMEOUT_MS,
  });
  const milliseconds = Math.round(performance.now() - started);
  const findings = result?.status === 0 ? parseFindings(result.stdout) : null;
  if (result === null || findings === null) throw explainFailure(result);
  const fellBack = wantsGpu && !findings.gpu;
  return { ...findings, fellBack, reason: fellBack ? whyNoGpu(findings, result.stderr) : null, milliseconds };
}

function parseFindings(stdout: string): SelfTestFindings | null {
  const line = stdout.split('\n').find((one) => one.startsWith('{'));
  if (line === undefined) return null;
  const parsed = SelfTestFindings.safeParse(JSON.parse(line));
  return parsed.success ? parsed.data : null;
}

/**
 * Why TensorFlow did not take the GPU, as a sentence that names the library and where it comes from.
 *
 * @param stderr what TensorFlow wrote
 */
export function whyNoGpu(findings: SelfTestFindings, stderr: string): string {
  const missing = [
    ...new Set([...findings.unloadable.flatMap((one) => deepest(one)), ...librariesNamedMissing(stderr)]),
  ];
  if (missing.includes('libcuda.so.1')) {
    return 'libcuda.so.1 is missing, part of the NVIDIA driver: install the driver (in a container: start it with GPU access).';
  }
  if (missing.length > 0) {
    const list = missing.map((file) => `${file} (${providerOf(file)})`).join(', ');
    return `TensorFlow can't load ${list}: install the runtime "cuda12" again.`;
  }
  const cuda = /failed call to cuInit:?\s*(.*)/.exec(stderr)?.[1];
  if (cuda !== undefined) {
    return `The NVIDIA driver refused to start CUDA (${cuda}): update or reload the driver, and check that CUDA_VISIBLE_DEVICES names a GPU.`;
  }
  if (/Could not find cuda drivers/i.test(stderr))
    return 'TensorFlow finds no NVIDIA driver: install one for CUDA 12 (525.60.13 or newer).';
  return 'TensorFlow lists no GPU and does not say why: run nvidia-smi and check that CUDA_VISIBLE_DEVICES names a GPU.';
}

/** A library that is there may fail because of one that it needs: the loader names that one. */
function deepest(failure: { file: string; error: string }): string[] {
  const named = librariesNamedMissing(failure.error);
  return named.length > 0 ? named : [failure.file];
}

function explainFailure(
  result: { status: number | null; signal: NodeJS.Signals | null; stderr: string } | null,
): AppError {
  const said = result?.stderr.trim() ?? '';
  const cause = new Error(said.slice(-4000));
  if (result?.signal === 'SIGILL') {
    return new AppError(
      'runtime',
      "TensorFlow needs instructions that this processor does not have (AVX): it can't run here.",
      { cause },
    );
  }
  const missing = librariesNamedMissing(said);
  if (missing.length > 0) {
    return new AppError(
      'runtime',
      `TensorFlow can't load ${missing.join(', ')}: run "npm run setup" to fetch the runtime again.`,
      { cause },
    );
  }
  const words = said.split('\n').find((line) => /error/i.test(line)) ?? said.split('\n').at(-1) ?? '';
  const how = result?.signal ?? `exit status ${String(result?.status ?? 'unknown')}`;
  return new AppError('runtime', `TensorFlow does not start (${how}): ${words.trim()}`, { cause });
}
