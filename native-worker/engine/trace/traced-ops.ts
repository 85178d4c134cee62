import { layerOf, type LayerPart } from '../../../contract/profile.ts';
import { type AllocatorMemoryUsed, DataType, type NodeExecStats, type RunMetadata } from '../proto/tensorflow_pb.js';

/** An op that ran, or a kernel of a card that belongs to none. */
export interface TracedOp {
  /** Its node in the graph that ran, which TensorFlow has rewritten. */
  readonly node: string;
  /** TensorFlow's name of the operation, without what says by whom it is computed: "Conv2D" of "_MklNativeConv2D". */
  readonly op: string;
  readonly part: LayerPart | null;
  readonly layer: string | null;
  /** Time that it took, microseconds: of its kernels on a card, where they were traced. */
  readonly microseconds: number;
  /** Type and shape of its first output: "float32 [16,32,32,64]"; null: it has none. */
  readonly output: string | null;
  /** false: a kernel for which no op was traced. */
  readonly isOp: boolean;
}

/** Something that took time somewhere, for a picture of the step. */
export interface TracedEvent {
  readonly node: string;
  readonly op: string;
  readonly part: LayerPart | null;
  readonly layer: string | null;
  /** Of a kernel, its own name. */
  readonly kernel: string | null;
  readonly output: string | null;
  /** Where: "CPU:0", "GPU:0 stream:all", "GPU:0 memcpy". */
  readonly place: string;
  /** Nanoseconds of the clock. */
  readonly start: bigint;
  readonly microseconds: number;
}

/** What TensorFlow told of a run. */
export interface TracedRunFacts {
  readonly ops: readonly TracedOp[];
  readonly events: readonly TracedEvent[];
  /** Bytes that the allocators of the fullest device had given out at their highest; null: TensorFlow doesn't tell. */
  readonly peakBytes: number | null;
}

/** A device of StepStats whose nodes are kernels or copies of a card: "/device:GPU:0/stream:all". */
const CARD_LINE = /^\/device:(GPU:\d+)\/(.+)$/;

/** Lines of a card that hold each kernel and each copy once; the others repeat them stream by stream. */
const COUNTED_LINES = ['stream:all', 'memcpy'];

/**
 * Reads the trace of a run.
 *
 * On the CPU an op is there once, with its time. Of a card there are the ops, with the time that it took to ask for them,
 * and the kernels and copies that did the work, named "node:Operation" after the op that asked: an op's time is theirs. A
 * kernel whose op isn't there stands for itself.
 */
export function readTrace({ stepStats }: RunMetadata): TracedRunFacts {
  const devices = (stepStats?.devStats ?? []).map(({ device, nodeStats }) => ({ place: placeOf(device), nodeStats }));
  const lines = devices.filter(({ place }) => place.line !== null && COUNTED_LINES.includes(place.line));
  const hosts = devices.filter(({ place }) => place.line === null);
  const onCard = new Map<string, { microseconds: number; readonly op: string }>();
  const cards = new Set<string>();
  for (const { place, nodeStats } of lines) {
    cards.add(place.device);
    for (const stats of nodeStats) {
      const { node, op } = kernelOwner(stats);
      const known = onCard.get(node) ?? { microseconds: 0, op };
      known.microseconds += timesOf(stats).microseconds;
      onCard.set(node, known);
    }
  }
  const ops = hosts.flatMap(({ place, nodeStats }) =>
    nodeStats.map((stats): TracedOp => {
      const kernels = cards.has(place.device) ? (onCard.get(stats.nodeName)?.microseconds ?? 0) : null;
      onCard.delete(stats.nodeName);
      const { microseconds } = timesOf(stats);
      return { ...described(stats.nodeName, stats), microseconds: kernels ?? microseconds, isOp: true };
    }),
  );
  const ownerless = [...onCard].map(([node, { op, microseconds }]): TracedOp => ({
    ...{ node, op, ...partAndLayer(node), microseconds },
    ...{ output: null, isOp: false },
  }));
  return {
    ops: [...ops, ...ownerless],
    events: [...hosts, ...lines].flatMap(({ place, nodeStats }) => nodeStats.map((stats) => eventOf(place, stats))),
    peakBytes: peakOf(hosts.flatMap(({ nodeStats }) => nodeStats)),
  };
}

interface Place {
  readonly device: string;
  /** Of a card: "stream:all", "stream:7", "memcpy", …; null: the ops themselves. */
  readonly line: string | null;
}

function placeOf(device: string): Place {
  const [, card, line] = CARD_LINE.exec(device) ?? [];
  if (card !== undefined) return { device: card, line: line! };
  return { device: device.replace(/^.*\/device:/, ''), line: null };
}

/** @param stats of a kernel or copy; those of no op bear their own name */
function kernelOwner({ nodeName }: NodeExecStats): { readonly node: string; readonly op: string } {
  const at = nodeName.lastIndexOf(':');
  const op = nodeName.slice(at + 1);
  // A kernel's own name may hold "::" of C++.
  if (at <= 0 || !/^\w+$/.test(op) || nodeName[at - 1] === ':') return { node: nodeName, op: nodeName };
  return { node: nodeName.slice(0, at), op: plainName(op) };
}

function eventOf({ device, line }: Place, stats: NodeExecStats): TracedEvent {
  const isKernel = line !== null;
  const owner = isKernel ? kernelOwner(stats) : null;
  const facts = owner === null ? described(stats.nodeName, stats) : { ...owner, ...partAndLayer(owner.node) };
  return {
    ...{ output: null, ...facts },
    kernel: isKernel ? (stats.timelineLabel.split(' ')[0] ?? null) : null,
    place: isKernel ? `${device} ${line}` : device,
    ...timesOf(stats),
  };
}

/** "[mklcpu 4.0MB 4.0MB] node = Operation(input, …)", the bracket only where memory was taken. */
const LABEL = /= (\w+)\(/;

function described(
  node: string,
  { timelineLabel, output }: NodeExecStats,
): Pick<TracedOp, 'node' | 'op' | 'part' | 'layer' | 'output'> {
  const op = plainName(LABEL.exec(timelineLabel)?.[1] ?? node);
  const first = output.find(({ slot }) => slot === 0)?.tensorDescription;
  const type = first && (DataType[first.dtype] as string | undefined);
  const shape = first?.shape?.dim.map(({ size }) => size).join() ?? '';
  return {
    ...{ node, op, ...partAndLayer(node) },
    output: type === undefined ? null : `${typeWords[type] ?? type.replace('DT_', '').toLowerCase()} [${shape}]`,
  };
}

/** Where our names of types differ from TensorFlow's in small letters. */
const typeWords: Readonly<Record<string, string>> = { DT_FLOAT: 'float32', DT_HALF: 'float16' };

function plainName(op: string): string {
  return op.replace(/^_(?=Mkl|Fused)(?:MklNative|Mkl)?(?:Fused)?/, '');
}

function partAndLayer(node: string): Pick<TracedOp, 'part' | 'layer'> {
  return layerOf(node) ?? { part: null, layer: null };
}

/** Nanoseconds where TensorFlow has them; of kernels it tells microseconds. */
function timesOf(stats: NodeExecStats): { readonly start: bigint; readonly microseconds: number } {
  if (stats.allStartNanos === 0n) {
    return {
      start: (stats.allStartMicros + stats.opStartRelMicros) * 1000n,
      microseconds: Number(stats.opEndRelMicros - stats.opStartRelMicros),
    };
  }
  return {
    start: stats.allStartNanos + stats.opStartRelNanos,
    microseconds: Number(stats.opEndRelNanos - stats.opStartRelNanos) / 1000,
  };
}

/**
 * What an allocator had given out is noted after each op that took memory; what the op gave back before it ended comes on
 * top of that.
 */
function peakOf(nodes: readonly NodeExecStats[]): number | null {
  const peaks = new Map<string, number>();
  for (const used of nodes.flatMap(({ memory }) => memory)) {
    if (used.allocatorBytesInUse === 0n) continue;
    peaks.set(used.allocatorName, Math.max(peaks.get(used.allocatorName) ?? 0, inUse(used)));
  }
  return peaks.size === 0 ? null : Math.max(...peaks.values());
}

function inUse({ allocatorBytesInUse, peakBytes, liveBytes }: AllocatorMemoryUsed): number {
  return Number(allocatorBytesInUse + peakBytes - liveBytes);
}
