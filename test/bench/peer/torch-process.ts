import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { LineProcess } from '../../../native-worker/system/line-process.ts';
import type { BenchSubject } from '../../../contract/bench.ts';
import type { Contender } from '../../../native-worker/cli/bench/rounds.ts';

/** What the official code can be asked for. */
export type PeerTask = 'train' | 'sample';

export interface PeerOptions {
  /** The interpreter that has PyTorch. */
  readonly python: string;
  /** A checkout of NVlabs/edm2. */
  readonly edm2: string;
  readonly threads: number;
  /** bf16 under torch.autocast; fp16 as its presets train, on a card alone. */
  readonly precision: 'fp32' | 'bf16' | 'fp16';
  /** Whether torch.compile is used. */
  readonly compile: boolean;
  /** Whether the network's tensors are kept with the channels last; default: no. */
  readonly channelsLast?: boolean;
  /** What CUDA_VISIBLE_DEVICES is to be; null: the processor computes. Default: null. */
  readonly card?: string | null;
  /** What is trained; default: preset small at batch 16 with 10 classes. */
  readonly subject?: BenchSubject;
}

export interface PeerProcess extends Contender<PeerTask> {
  /** Resident memory at its highest so far, bytes; null: this system doesn't tell. */
  peakBytes(): number | null;
  /** The same of the card, where one computes, by what PyTorch gave out. */
  memory(): Promise<number>;
  close(): Promise<void>;
}

const script = (compile: boolean): string =>
  fileURLToPath(new URL(compile ? 'compile_torch.py' : 'bench_torch.py', import.meta.url));

/** How to get what is not ours and isn't kept here. */
const ADVICE =
  'Make it with: python3 -m venv VENV && VENV/bin/pip install torch==2.5.1 numpy scipy pillow psutil requests click tqdm, ' +
  'then add --python VENV/bin/python.';

/**
 * Looks whether the official code can run.
 *
 * @returns PyTorch's version
 * @throws {Error} a sentence that says what is missing
 */
export function checkPeer({ python, edm2 }: Pick<PeerOptions, 'python' | 'edm2'>): string {
  if (!existsSync(join(edm2, 'training', 'networks_edm2.py'))) {
    throw new Error(`There is no official code in ${edm2}: git clone https://github.com/NVlabs/edm2 and name it with --edm2.`);
  }
  const found = spawnSync(python, ['-c', 'import torch, scipy, PIL, psutil, click, tqdm; print(torch.__version__)'], {
    encoding: 'utf8',
    env: cleanEnvironment(),
  });
  if (found.error !== undefined) throw new Error(`${python} does not start. ${ADVICE}`);
  if (found.status !== 0) {
    throw new Error(`${python} lacks PyTorch or what the official code needs (${errorLine(found.stderr)}). ${ADVICE}`);
  }
  return found.stdout.trim();
}

/** Starts the official code and waits until its network is there. */
export async function startPeer(options: PeerOptions): Promise<PeerProcess> {
  const { python, edm2, threads, precision, compile, channelsLast = false, card = null, subject } = options;
  const args = [
    ...[script(compile), '--edm2', edm2, '--threads', String(threads), '--precision', precision, '--interactive'],
    ...['--device', card === null ? 'cpu' : 'cuda'],
    ...(compile ? ['--compile'] : []),
    ...(channelsLast ? ['--channels_last'] : []),
    ...(subject === undefined ? [] : networkArguments(subject)),
  ];
  const child = new LineProcess(python, args, cleanEnvironment(card));
  const read = async (): Promise<string> => {
    try {
      return await child.read();
    } catch (cause) {
      throw new Error(`The official code ended unexpectedly: ${errorLine(child.errors)}`, { cause });
    }
  };
  await read(); // "ready"
  return {
    pid: child.pid!,
    run: async (task) => {
      child.write(task);
      return Number(await read());
    },
    peakBytes: () => peakOf(child.pid!),
    memory: async () => {
      child.write('memory');
      return Number(await read());
    },
    close: () => child.close(),
  };
}

function networkArguments({ config, shape }: BenchSubject): string[] {
  const { modelChannels, channelMult, numBlocks, attnResolutions } = config.network;
  const numbers = { img: shape.resolution, channels: modelChannels, blocks: numBlocks, labels: shape.labelDim };
  const lists = { mult: channelMult, attn: attnResolutions };
  return Object.entries({ ...numbers, batch: config.training.batchSize, ...lists }).flatMap(([name, value]) => [`--${name}`, String(value)]);
}

/** What the shell has, but for settings of other programs' libraries. @param card null: none is to be seen */
function cleanEnvironment(card: string | null = null): Record<string, string | undefined> {
  const others = { LD_LIBRARY_PATH: undefined, OMP_NUM_THREADS: undefined, NVIDIA_TF32_OVERRIDE: undefined };
  return { ...process.env, ...others, CUDA_VISIBLE_DEVICES: card ?? '-1', CUDA_DEVICE_ORDER: 'PCI_BUS_ID' };
}

function peakOf(pid: number): number | null {
  try {
    const kilobytes = /^VmHWM:\s*(\d+) kB$/mu.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return kilobytes === undefined ? null : Number(kilobytes) * 1024;
  } catch {
    return null; // not Linux
  }
}

/** The line that names the error; Python's advice may come after it. */
function errorLine(text: string): string {
  const lines = text.trim().split('\n');
  return lines.findLast((line) => /^[\w.]*(?:Error|Exception|Failed)\b/u.test(line)) ?? lines.at(-1)!;
}
