/** What nvidia-smi says of the graphics processors, and which runtime follows from it. */
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { AppError } from '../../../contract/errors.ts';
import type { GpuInfo, RuntimeName } from '../../../contract/runtime.ts';
import { reasonOf } from '../../../contract/system-errors.ts';
import { runChild, type ChildResult } from './child.ts';
import { codeFor, readDeviceCode } from './device-code.ts';

/** The columns asked for, in this order; the parser below counts on it. */
const columns = [
  'index',
  'name',
  'driver_version',
  'memory.total',
  'memory.used',
  'utilization.gpu',
  'temperature.gpu',
  'power.draw',
];

/** Cells at the end of a line that hold measured numbers. A name may hold commas, so lines are read from their end. */
const MEASURED = 5;

/** nvidia-smi counts memory in these. */
export const MEBIBYTE = 2 ** 20;

/** A driver that hangs must not hang us: nvidia-smi takes about 0.1 s, and some seconds where it wakes the driver up. */
const TIMEOUT_MS = 15_000;

/**
 * The first Linux driver that runs CUDA 12 programs built with any 12.x.
 * Source: NVIDIA, "CUDA Compatibility", table of minor version compatibility.
 */
const OLDEST_DRIVER = '525.60.13';

export interface GpuReport {
  readonly gpus: GpuInfo[];
  /** Why none were found, in words; null where some were. */
  readonly reason: string | null;
  /** Numbers of the GPUs by their UUIDs ("GPU-…"), as far as the driver tells them. */
  readonly byUuid: ReadonlyMap<string, number>;
  /** Parts of cards that are divided (multi-instance GPUs), in the driver's order. */
  readonly parts: readonly GpuPart[];
}

/** A part of a card in MIG mode, which computes by itself and has memory of its own. */
export interface GpuPart {
  /** As CUDA_VISIBLE_DEVICES takes it: "MIG-…". */
  readonly uuid: string;
  /** nvidia-smi's number of the card. */
  readonly gpu: number;
  /** Its profile: "3g.20gb", of which the first is its share of the processors and the second its memory. */
  readonly profile: string;
}

/** The GPU, or part of one, that jobs compute on. */
export interface UsedGpu extends GpuInfo {
  /** What CUDA_VISIBLE_DEVICES is to be, so that it is the only one. */
  readonly visible: string;
}

/** Where Windows keeps nvidia-smi and the driver's libraries for Linux under it (WSL2), which may be on no path. */
export const WSL_DRIVER = '/usr/lib/wsl/lib';

/** nvidia-smi: as the path has it, else as Windows brings it along. Folders are parameters for tests. */
export function nvidiaSmi(path = process.env.PATH ?? '', wslDriver = WSL_DRIVER): string {
  const isThere = path.split(delimiter).some((folder) => folder !== '' && existsSync(join(folder, 'nvidia-smi')));
  const ofWindows = join(wslDriver, 'nvidia-smi');
  return !isThere && existsSync(ofWindows) ? ofWindows : 'nvidia-smi';
}

/**
 * Asks nvidia-smi for the NVIDIA GPUs of this machine. Never throws: a machine without a GPU is a normal machine.
 *
 * @param command nvidia-smi or what stands for it in a test
 */
export async function readGpus(command = nvidiaSmi()): Promise<GpuReport> {
  const result = await query(command, columns).catch((error: unknown) => reasonOf(error));
  if (typeof result === 'string') return none(`nvidia-smi could not be started: ${result}`);
  if (result === null) return none('nvidia-smi was not found, so there is no NVIDIA driver');
  if (result.status !== 0) {
    const said = firstLine(result.stderr) ?? firstLine(result.stdout) ?? 'it said nothing';
    return none(`nvidia-smi failed (${result.signal ?? `exit status ${String(result.status)}`}): ${said}`);
  }
  const gpus = parseGpus(result.stdout);
  if (gpus.length === 0) return none('nvidia-smi lists no GPU');
  // Asked apart: a driver too old for the question would refuse all of it.
  const more = parseMore((await query(command, ['index', 'compute_cap', 'uuid']).catch(() => null))?.stdout ?? '');
  return {
    gpus: gpus.map((gpu) => ({ ...gpu, computeCapability: more.capabilities.get(gpu.index) ?? null })),
    reason: null,
    byUuid: more.byUuid,
    parts: parseParts((await ask(command, ['-L']).catch(() => null))?.stdout ?? ''),
  };
}

function none(reason: string): GpuReport {
  return { gpus: [], reason, byUuid: new Map(), parts: [] };
}

function query(command: string, asked: readonly string[]): Promise<ChildResult | null> {
  return ask(command, [`--query-gpu=${asked.join(',')}`, '--format=csv,noheader,nounits']);
}

function ask(command: string, asked: readonly string[]): Promise<ChildResult | null> {
  return runChild(command, [...asked], { timeoutMs: TIMEOUT_MS });
}

/** Bytes of a card's memory that a process holds, of several cards on the one where it holds most; null: nvidia-smi does not tell of it (in containers, under Windows). */
export async function gpuMemoryOf(pid: number, command = nvidiaSmi()): Promise<number | null> {
  const asked = ['--query-compute-apps=pid,used_gpu_memory', '--format=csv,noheader,nounits'];
  const said = (await ask(command, asked).catch(() => null))?.stdout ?? '';
  const held = said.split('\n').flatMap((line) => {
    const [id, mebibytes] = line.split(',').map((cell) => numberOrNull(cell.trim()));
    return id === pid && mebibytes != null ? [mebibytes * MEBIBYTE] : [];
  });
  return held.length === 0 ? null : Math.max(...held);
}

/** Parts of cards, from the lines of `nvidia-smi -L`: "GPU 0: … (UUID: GPU-…)", then "  MIG 3g.20gb Device 0: (UUID: MIG-…)". */
export function parseParts(text: string): GpuPart[] {
  const parts: GpuPart[] = [];
  let gpu: number | null = null;
  for (const line of text.split('\n')) {
    const card = /^GPU (\d+):/.exec(line)?.[1];
    if (card !== undefined) gpu = Number(card);
    const [, profile, uuid] = /^\s+MIG\s+(\S+)\s+Device\s+\d+:\s+\(UUID:\s+(MIG-[^)\s]+)\)/.exec(line) ?? [];
    if (gpu !== null && uuid !== undefined) parts.push({ uuid, gpu, profile: profile! });
  }
  return parts;
}

/** Compute capabilities by index and indices by UUID, from lines such as "0, 8.9, GPU-1f2e…". */
function parseMore(text: string): { capabilities: Map<number, string>; byUuid: Map<string, number> } {
  const capabilities = new Map<number, string>();
  const byUuid = new Map<string, number>();
  for (const [, index, capability, uuid] of text.matchAll(/^\s*(\d+)\s*,\s*(\d+\.\d+)\s*(?:,\s*(GPU-\S+)\s*)?$/gm)) {
    capabilities.set(Number(index), capability!);
    if (uuid !== undefined) byUuid.set(uuid, Number(index));
  }
  return { capabilities, byUuid };
}

/**
 * Parses nvidia-smi's CSV. Lines that don't fit are left out: drivers print warnings between them.
 *
 * @param text one line a GPU: index, name, driver, memory total and used in MiB, utilisation in %, temperature in °C,
 *   power in W
 * @returns without compute capabilities
 */
export function parseGpus(text: string): GpuInfo[] {
  const gpus: GpuInfo[] = [];
  for (const line of text.split('\n')) {
    const cells = line.split(',').map((cell) => cell.trim());
    if (cells.length < columns.length || !/^\d+$/.test(cells[0]!)) continue;
    const measured = cells.slice(-MEASURED).map(numberOrNull);
    gpus.push({
      index: Number(cells[0]),
      name: cells.slice(1, -MEASURED - 1).join(', '),
      driver: cells.at(-MEASURED - 1)!,
      computeCapability: null,
      memoryTotal: scaled(measured[0]!, MEBIBYTE),
      memoryUsed: scaled(measured[1]!, MEBIBYTE),
      utilisation: measured[2]!,
      temperature: measured[3]!,
      power: measured[4]!,
    });
  }
  return gpus;
}

/** A number; null for "[N/A]", "[Not Supported]", "[Unknown Error]" and whatever else drivers write there. */
export function numberOrNull(cell: string): number | null {
  return /^-?\d+(\.\d+)?$/.test(cell) ? Number(cell) : null;
}

function scaled(value: number | null, factor: number): number | null {
  return value === null ? null : value * factor;
}

/**
 * The GPU that jobs compute on: what is judged (precision, memory, the doctor) and what is used (`jobEnvironment`) are
 * the same card, because both come from here.
 *
 * @param setting   the user's choice, nvidia-smi's number of it; null, or one that is not there any more: no choice
 * @param variables CUDA_VISIBLE_DEVICES decides where there is no choice; as in CUDA only its first entry counts, and one
 *   that names no card hides them all
 * @returns null: none, or none that nvidia-smi knows
 */
export function usedGpu(
  { gpus, byUuid, parts }: Pick<GpuReport, 'gpus' | 'byUuid' | 'parts'>,
  setting: number | null,
  variables: Readonly<Record<string, string | undefined>> = process.env,
): UsedGpu | null {
  const numbered = (wanted: number | null): GpuInfo | null => gpus.find(({ index }) => index === wanted) ?? null;
  // Of a divided card CUDA shows a process one part, the first unless another is named.
  const whole = (gpu: GpuInfo | null): UsedGpu | null => {
    const part = parts.find((one) => one.gpu === gpu?.index);
    if (gpu === null || part === undefined) return gpu && { ...gpu, visible: String(gpu.index) };
    return partOfCard(gpu, part);
  };
  const chosen = numbered(setting);
  if (chosen !== null) return whole(chosen);
  const visible = variables.CUDA_VISIBLE_DEVICES;
  if (visible === undefined) return whole(gpus[0] ?? null);
  const first = visible.split(',', 1)[0]!.trim();
  if (/^\d+$/.test(first)) return whole(numbered(Number(first)));
  // CUDA takes the beginning of a UUID, too, where it means one card.
  const meant = first.startsWith('GPU-') ? [...byUuid].filter(([uuid]) => uuid.startsWith(first)) : [];
  if (meant.length === 1) return whole(numbered(meant[0]![1]));
  const named = first.startsWith('MIG-') ? parts.filter(({ uuid }) => uuid.startsWith(first)) : [];
  const card = named.length === 1 ? numbered(named[0]!.gpu) : null;
  return card && partOfCard(card, named[0]!);
}

/**
 * Cards that a run names.
 *
 * @param wanted nvidia-smi's numbers
 * @throws {AppError} 'invalid-input' with those that are there, if one isn't, and for a divided one among several: CUDA
 *   shows a process one part alone
 */
export function namedGpus(report: GpuReport, wanted: readonly number[]): UsedGpu[] {
  const divided = wanted.find((number) => report.parts.some(({ gpu }) => gpu === number));
  if (wanted.length > 1 && divided !== undefined) {
    throw new AppError(
      'invalid-input',
      `gpu:${divided} is divided into parts (MIG), and CUDA shows a program one part alone: leave it out, or name it alone.`,
    );
  }
  return wanted.map((number) => {
    const card = report.gpus.find(({ index }) => index === number);
    if (card !== undefined) return usedGpu(report, number)!;
    const there = report.gpus.map(({ index, name }) => `gpu:${index} (${name})`).join(', ');
    const words = there === '' ? (report.reason ?? 'none was found') : `there is ${there}`;
    throw new AppError('invalid-input', `There is no gpu:${number}: ${words}.`);
  });
}

/** What CUDA_VISIBLE_DEVICES is to be, so that these cards are the only ones, in their order. */
export function visibleOf(cards: readonly Pick<UsedGpu, 'visible'>[]): string {
  return cards.map(({ visible }) => visible).join(',');
}

/** What is known of a part: not how busy it is, nor how much of its memory is used. */
function partOfCard(gpu: GpuInfo, { uuid, profile }: GpuPart): UsedGpu {
  const gigabytes = /\.(\d+)gb/.exec(profile)?.[1];
  return {
    ...gpu,
    name: `${gpu.name}, MIG ${profile}`,
    memoryTotal: gigabytes === undefined ? null : Number(gigabytes) * 1024 * MEBIBYTE,
    ...{ memoryUsed: null, utilisation: null },
    visible: uuid,
  };
}

function firstLine(text: string): string | null {
  return (
    text
      .split('\n')
      .map((line) => line.trim())
      .find((line) => line !== '') ?? null
  );
}

export interface Suggestion {
  readonly runtime: RuntimeName;
  /** One sentence. */
  readonly reason: string;
}

/** The runtime that suits this machine. */
export function suggestRuntime(
  report: Pick<GpuReport, 'gpus' | 'reason'>,
  platform = `${process.platform}-${process.arch}`,
): Suggestion {
  const gpu = report.gpus[0];
  if (gpu === undefined) return { runtime: 'cpu', reason: `No GPU to use: ${report.reason ?? 'none was found'}.` };
  if (platform !== 'linux-x64') {
    return {
      runtime: 'cpu',
      reason: `TensorFlow uses NVIDIA GPUs on Linux x86-64 only (under Windows: in WSL2); this is ${platform}.`,
    };
  }
  if (compareVersions(gpu.driver, OLDEST_DRIVER) < 0) {
    return {
      runtime: 'cpu',
      reason: `The driver ${gpu.driver} of ${gpu.name} is too old for CUDA 12: update it to ${OLDEST_DRIVER} or newer.`,
    };
  }
  const { computeCapability } = gpu;
  const code = readDeviceCode();
  if (computeCapability !== null && codeFor(computeCapability, code) === 'none') {
    const needs = `TensorFlow ${code.tensorflow} takes ${code.machineCode[0]!} or newer`;
    return { runtime: 'cpu', reason: `${gpu.name} has compute capability ${computeCapability}; ${needs}.` };
  }
  return { runtime: 'cuda12', reason: `Found ${gpu.name} with driver ${gpu.driver}.` };
}

/** Compares dotted numbers; negative if `a` is older than `b`. */
export function compareVersions(a: string, b: string): number {
  const left = a.split('.').map(Number);
  const right = b.split('.').map(Number);
  for (let i = 0; i < Math.max(left.length, right.length); i += 1) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
