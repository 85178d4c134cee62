/** Which precisions the device does well that jobs compute on. */
import { readFileSync } from 'node:fs';
import { AppError } from '../../../contract/errors.ts';
import { precisions, type Precision, type PrecisionSupport } from '../../../contract/precision.ts';
import type { GpuInfo, RuntimeName } from '../../../contract/runtime.ts';
import { chosenGpu, givenGpu, readGpus } from './gpu.ts';

/** Flags of /proc/cpuinfo that stand for products of bfloat16 in hardware. */
const BFLOAT16_FLAGS = ['avx512_bf16', 'amx_bf16'];

/** Compute capabilities from which NVIDIA's tensor cores multiply each type: Ampere, Volta. */
const FROM_CAPABILITY = { bf16: 8, fp16: 7 } as const;

interface Machine {
  /** The runtime that jobs use. */
  readonly runtime: RuntimeName;
  /** The first is what TensorFlow computes on with a runtime for GPUs. */
  readonly gpus: readonly Pick<GpuInfo, 'name' | 'computeCapability'>[];
  /** The processor's flags; null: not known. */
  readonly cpuFlags: ReadonlySet<string> | null;
}

/** What a machine makes of each precision, in the order of `precisions`. */
export function precisionSupport(machine: Machine): PrecisionSupport[] {
  return precisions.map((precision) => ({ precision, ...supportOf(precision, machine) }));
}

/**
 * The same of this machine.
 *
 * @param gpu nvidia-smi's number of the GPU that jobs use; default: the one that this process was given
 */
export async function readPrecisionSupport(
  runtime: RuntimeName,
  gpu: number | null = givenGpu(),
): Promise<PrecisionSupport[]> {
  const chosen = runtime === 'cpu' ? null : chosenGpu((await readGpus()).gpus, gpu);
  return precisionSupport({ runtime, gpus: chosen === null ? [] : [chosen], cpuFlags: readCpuFlags() });
}

/**
 * Refuses a precision that the device can't do.
 *
 * @throws {AppError} 'invalid-input' with a sentence that names one that it can
 */
export function checkPrecision(precision: Precision, supports: readonly PrecisionSupport[]): void {
  const support = supports.find((one) => one.precision === precision);
  if (support?.status !== 'none') return;
  const better = supports.find((one) => one.status === 'good' && one.precision !== 'fp32')?.precision ?? 'fp32';
  throw new AppError('invalid-input', `This device can't compute in ${precision}. ${support.reason} Choose ${better}.`);
}

function supportOf(precision: Precision, { runtime, gpus, cpuFlags }: Machine): Omit<PrecisionSupport, 'precision'> {
  if (precision === 'fp32') return { status: 'good', reason: 'Every device computes in float32.' };
  const gpu = runtime === 'cpu' ? undefined : gpus[0];
  return gpu === undefined ? onCpu(precision, cpuFlags) : onGpu(precision, gpu);
}

function onGpu(
  precision: 'bf16' | 'fp16',
  { name, computeCapability }: Machine['gpus'][number],
): Omit<PrecisionSupport, 'precision'> {
  const needed = FROM_CAPABILITY[precision];
  if (computeCapability === null) {
    return {
      status: 'slow',
      reason: `The driver does not tell what ${name} can do; it must have compute capability ${needed}.0.`,
    };
  }
  const has = `${name} has compute capability ${computeCapability}`;
  if (Number(computeCapability) >= needed)
    return { status: 'good', reason: `${has}, which multiplies it in tensor cores.` };
  return { status: 'none', reason: `${has}; ${precision} takes ${needed}.0 or newer.` };
}

function onCpu(precision: 'bf16' | 'fp16', flags: Machine['cpuFlags']): Omit<PrecisionSupport, 'precision'> {
  if (precision === 'fp16') return { status: 'none', reason: 'Half precision is for GPUs: CPUs compute it slowly.' };
  const flag = BFLOAT16_FLAGS.find((one) => flags?.has(one) === true);
  if (flag !== undefined) {
    return { status: 'good', reason: `The processor has ${flag.toUpperCase()}: convolutions take half the time.` };
  }
  return {
    status: 'slow',
    reason:
      'The processor has neither AVX512_BF16 nor AMX_BF16: bfloat16 is emulated, and fp32 is likely to be faster.',
  };
}

/**
 * Flags of this machine's processor.
 *
 * @param file Linux's description of it; a parameter for tests
 * @returns    null where there is no such file
 */
export function readCpuFlags(file = '/proc/cpuinfo'): ReadonlySet<string> | null {
  try {
    const [, flags] = /^flags\s*:(.*)$/m.exec(readFileSync(file, 'utf8')) ?? [];
    return flags === undefined ? null : new Set(flags.trim().split(/\s+/));
  } catch {
    return null; // not Linux
  }
}
