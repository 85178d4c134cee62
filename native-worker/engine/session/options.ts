import { create, toBinary } from '@bufbuild/protobuf';
import { type ConfigProto, ConfigProtoSchema, OptimizerOptions_GlobalJitLevel } from '../proto/tensorflow_pb.js';
import { taskName } from './task-name.ts';

/**
 * What a session can choose for itself. What belongs to the process, because TensorFlow has it once (visible cards,
 * growth of their memory), is in the environment: `runtime/environment.ts`.
 */
export interface SessionOptions {
  /**
   * Whether TensorFlow rewrites the graph before its first run. That takes seconds for a network, and pays for itself
   * within some steps; false is for what runs once. Default: true.
   */
  readonly optimise?: boolean;
  /** Whether XLA compiles clusters of ops; default: false. */
  readonly clusters?: boolean;
  /** Threads that start ops; default: one a core. */
  readonly interOpThreads?: number;
  /** Threads inside a kernel; null: those of the process. Needs TF_OVERRIDE_GLOBAL_THREADPOOL (`jobEnvironment`). */
  readonly intraOpThreads?: number | null;
  /** Devices that the processor is cut into, "/device:CPU:0" and so on; default: 1. Each has threads inside kernels of its own. */
  readonly processors?: number;
  /** How devices of the session add up among themselves (`Given.sumOverDevices`): by NVIDIA's library, or by TensorFlow alone; default: they don't. */
  readonly collectives?: 'nccl' | 'ring' | null;
  /** A server whose devices, and those of the servers that it knows, it has (`server.ts`); default: those of this process. */
  readonly target?: string | null;
  /** How long a run may take; default: as long as it likes. */
  readonly limit?: RunLimit | null;
}

/** How long runs of a session may take. */
export interface RunLimit {
  /** How long the session may take to find its devices, in ms: a server that is gone is waited for. */
  readonly startMs: number;
  /** In ms. @param run which of the session's runs; the first of each is planned by TensorFlow and takes longer */
  of(run: string): number;
  /** Is told how long one took. */
  took(run: string, milliseconds: number): void;
}

/** Lets XLA compile what ops it finds together. */
const clustered = { globalJitLevel: OptimizerOptions_GlobalJitLevel.ON_1, cpuGlobalJit: true };

/** The options as the bytes of TensorFlow's ConfigProto. */
export function configBytes(options: SessionOptions): Uint8Array {
  return toBinary(ConfigProtoSchema, configOf(options));
}

/** The options as TensorFlow's ConfigProto. */
export function configOf({
  optimise = true,
  interOpThreads = 0,
  intraOpThreads = null,
  clusters = false,
  processors = 1,
  collectives = null,
  target = null,
  limit = null,
}: SessionOptions): ConfigProto {
  const experimental = {
    ...(collectives === 'nccl' ? { collectiveNccl: true } : {}),
    ...(target === null ? {} : { collectiveGroupLeader: taskName(0) }),
  };
  return create(ConfigProtoSchema, {
    ...(processors === 1 ? {} : { deviceCount: { CPU: processors } }),
    // A node that names a card and has no kernel for it runs on the processor.
    allowSoftPlacement: collectives !== null,
    experimental,
    ...(limit === null ? {} : { operationTimeoutInMs: BigInt(Math.ceil(limit.startMs)) }),
    interOpParallelismThreads: interOpThreads,
    intraOpParallelismThreads: intraOpThreads ?? 0,
    graphOptions: {
      ...(optimise ? {} : { rewriteOptions: { disableMetaOptimizer: true } }),
      ...(clusters ? { optimizerOptions: clustered } : {}),
    },
  });
}
