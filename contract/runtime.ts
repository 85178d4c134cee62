import * as z from 'zod';
import { defineCall, Nothing } from './call.ts';

export const runtimeNames = ['cpu', 'cuda12'] as const;
export const RuntimeName = z.enum(runtimeNames);
export type RuntimeName = z.infer<typeof RuntimeName>;

export const GpuInfo = z.strictObject({
  index: z.int(),
  name: z.string(),
  driver: z.string(),
  /** CUDA compute capability ("8.9"); null where the driver is too old to tell. */
  computeCapability: z.string().nullable(),
  /** Bytes; null where nvidia-smi says [N/A]. */
  memoryTotal: z.number().nullable(),
  memoryUsed: z.number().nullable(),
  /** Percent. */
  utilisation: z.number().nullable(),
  /** Degrees Celsius. */
  temperature: z.number().nullable(),
  /** Watts. */
  power: z.number().nullable(),
});
export type GpuInfo = z.infer<typeof GpuInfo>;

export const ProcessorInfo = z.strictObject({
  name: z.string(),
  /** Physical ones; what jobs use if no other number of threads is set. */
  cores: z.int(),
  /** Logical ones. */
  threads: z.int(),
  /** Instruction sets that TensorFlow gains from; empty where the system does not tell. */
  instructions: z.array(z.string()),
  /** Of the machine or its container. */
  memoryBytes: z.number(),
});
export type ProcessorInfo = z.infer<typeof ProcessorInfo>;

/** One line of the doctor's findings. */
export const Check = z.strictObject({
  id: z.string(),
  status: z.enum(['good', 'warn', 'bad', 'info']),
  /** What was looked at ("Python"). */
  title: z.string(),
  /** What was found. */
  detail: z.string(),
  /** What to do about it; null: nothing. */
  advice: z.string().nullable(),
});
export type Check = z.infer<typeof Check>;

export const DoctorReport = z.strictObject({
  runtime: RuntimeName,
  /** What TensorFlow will compute on, in words ("CPU, 2 threads"; "NVIDIA GeForce RTX 4090"). */
  device: z.string(),
  /** A GPU is there, but TensorFlow would use the CPU. */
  fellBack: z.boolean(),
  checks: z.array(Check),
  ok: z.boolean(),
});
export type DoctorReport = z.infer<typeof DoctorReport>;

export const RuntimeStatus = z.strictObject({
  name: RuntimeName,
  /** In words ("CPU", "NVIDIA GPU (CUDA 12)"). */
  title: z.string(),
  state: z.enum(['absent', 'partial', 'ready', 'installing']),
  /** TensorFlow's version. */
  version: z.string(),
  /** Bytes to download if it were installed now; 0: nothing. */
  downloadBytes: z.number(),
  /** Whether this is what jobs use. */
  active: z.boolean(),
});
export type RuntimeStatus = z.infer<typeof RuntimeStatus>;

export const listRuntimes = defineCall(
  'runtime.list',
  Nothing,
  z.strictObject({ runtimes: z.array(RuntimeStatus), processor: ProcessorInfo, gpus: z.array(GpuInfo) }),
);
/** Fetches it if need be and makes it the active one; progress comes as `runtime.progress` events. */
export const useRuntime = defineCall('runtime.use', z.strictObject({ name: RuntimeName }), Nothing);
/**
 * A GPU that computes for the first time compiles its kernels, for which the self-test waits 5 minutes; before it the
 * binding may have to be compiled.
 */
const DOCTOR_TIMEOUT_MS = 600_000;
/** Runs the self-test in a process of its own; takes some seconds, at a GPU's first start minutes. */
export const runDoctor = defineCall('runtime.doctor', Nothing, DoctorReport, 'page', DOCTOR_TIMEOUT_MS);
