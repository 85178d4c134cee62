/** Which precisions the device does well that jobs compute on. */
import { readFileSync } from 'node:fs';
import { AppError } from '../../../contract/errors.ts';
import { isFloat32, precisions, type Precision, type PrecisionSupport } from '../../../contract/precision.ts';
import type { GpuInfo, RuntimeName } from '../../../contract/runtime.ts';
import { readGpus, usedGpu } from './gpu.ts';

/** Flags of /proc/cpuinfo that stand for products of bfloat16 in hardware. */
const BFLOAT16_FLAGS = ['avx512_bf16', 'amx_bf16'];

/** Compute capabilities from which NVIDIA's tensor cores multiply each type: Ampere, Ampere, Volta. */
const FROM_CAPABILITY = { tf32: 8, bf16: 8, fp16: 7 } as const;

interface Machine {
  /** The runtime that jobs use. */
  readonly runtime: RuntimeName;
  /** What TensorFlow computes on with a runtime for GPUs (`usedGpu`); null: no GPU is known. */
  readonly gpu: Pick<GpuInfo, 'name' | 'computeCapability'> | null;
  /** The processor's flags; null: not known. */
  readonly cpuFlags: ReadonlySet<string> | null;
}

/** What a machine makes of each precision, in the order of `precisions`. */
export function precisionSupport(machine: Machine): PrecisionSupport[] {
  return precisions.map((precision) => ({ precision, ...supportOf(precision, machine) }));
}

/**
 * The same of this machine, as a process sees it that was given its GPU by `jobEnvironment`, or as a program that starts
 * such a process without a choice of GPU.
 */
export async function readPrecisionSupport(runtime: RuntimeName): Promise<PrecisionSupport[]> {
  const gpu = runtime === 'cpu' ? null : usedGpu(await readGpus(), null);
  return precisionSupport({ runtime, gpu, cpuFlags: readCpuFlags() });
}

/**
 * Refuses a precision that the device can't do.
 *
 * @throws {AppError} 'invalid-input' with a sentence that names one that it can
 */
export function checkPrecision(precision: Precision, supports: readonly PrecisionSupport[]): void {
  const support = supports.find((one) => one.precision === precision);
  if (support?.status !== 'none') return;
  const better = supports.find((one) => one.status === 'good' && !isFloat32(one.precision))?.precision ?? 'fp32';
  throw new AppError('invalid-input', `This device can't compute in ${precision}. ${support.reason} Choose ${better}.`);
}

function supportOf(precision: Precision, { runtime, gpu, cpuFlags }: Machine): Omit<PrecisionSupport, 'precision'> {
  if (precision === 'fp32') return { status: 'good', reason: 'Every device computes in float32.' };
  return runtime === 'cpu' || gpu === null ? onCpu(precision, cpuFlags) : onGpu(precision, gpu);
}

function onGpu(
  precision: keyof typeof FROM_CAPABILITY,
  { name, computeCapability }: NonNullable<Machine['gpu']>,
): Omit<PrecisionSupport, 'precision'> {
  const needed = FROM_CAPABILITY[precision];
  if (computeCapability === null) {
    return {
      status: 'slow',
      reason: `The driver does not tell what ${name} can do; it must have compute capability ${needed}.0.`,
    };
  }
  const has = `${name} has compute capability ${computeCapability}`;
  if (Number(computeCapability) < needed) {
    return { status: 'none', reason: `${has}; ${precision} takes ${needed}.0 or newer.` };
  }
  if (precision === 'tf32') {
    const reason = `${has}: its tensor cores take float32 with 11 bits of precision instead of 24, and add up in float32.`;
    return { status: 'good', reason };
  }
  return { status: 'good', reason: `${has}, which multiplies it in tensor cores.` };
}

function onCpu(
  precision: keyof typeof FROM_CAPABILITY,
  flags: Machine['cpuFlags'],
): Omit<PrecisionSupport, 'precision'> {
  if (precision === 'tf32') {
    return { status: 'none', reason: 'TF32 is for NVIDIA cards from compute capability 8.0 on: processors have none.' };
  }
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
