import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { LineProcess } from '../../../native-worker/system/line-process.ts';
import type { Contender } from '../../../native-worker/cli/bench/rounds.ts';

/** What the official code can be asked for. */
export type PeerTask = 'train' | 'sample';

export interface PeerOptions {
  /** The interpreter that has PyTorch. */
  readonly python: string;
  /** A checkout of NVlabs/edm2. */
  readonly edm2: string;
  readonly threads: number;
  readonly precision: 'fp32' | 'bf16';
  /** Whether torch.compile is used. */
  readonly compile: boolean;
}

export interface PeerProcess extends Contender<PeerTask> {
  /** Resident memory at its highest so far, bytes; null: this system doesn't tell. */
  peakBytes(): number | null;
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
  const { python, edm2, threads, precision, compile } = options;
  const args = [script(compile), '--edm2', edm2, '--threads', String(threads), '--precision', precision, '--interactive'];
  const child = new LineProcess(python, compile ? [...args, '--compile'] : args, cleanEnvironment());
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
    close: () => child.close(),
  };
}

/** What the shell has, but for settings of other programs' libraries. */
function cleanEnvironment(): Record<string, string | undefined> {
  return { ...process.env, LD_LIBRARY_PATH: undefined, OMP_NUM_THREADS: undefined, CUDA_VISIBLE_DEVICES: '-1' };
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
