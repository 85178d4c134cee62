import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { physicalCores } from '../../../native-worker/engine/runtime/cores.ts';
import type { PeerOptions } from './torch-process.ts';

/** Parts of the measurement, in the order in which they are done. */
export const groups = ['fp32', 'bf16', 'memory', 'start', 'bound', 'compile', 'sweep'] as const;
export type Group = (typeof groups)[number];

export interface Asked {
  readonly peer: Omit<PeerOptions, 'precision' | 'compile'>;
  /** Turns of a training step; sampling gets fewer. */
  readonly rounds: number;
  readonly only: readonly Group[];
  /** Where results go beside the terminal; null: nowhere. */
  readonly json: string | null;
  readonly markdown: string | null;
}

/** @throws {Error} a sentence, for what can't be meant */
export function readArguments(args: readonly string[]): Asked {
  const { values } = parseArgs({
    args: [...args],
    options: {
      edm2: { type: 'string' },
      python: { type: 'string', default: 'python3' },
      rounds: { type: 'string', default: '15' },
      threads: { type: 'string', default: String(physicalCores()) },
      only: { type: 'string' },
      sweep: { type: 'boolean', default: false },
      json: { type: 'string' },
      markdown: { type: 'string' },
    },
  });
  if (values.edm2 === undefined) {
    throw new Error('Name a checkout of the official code: git clone https://github.com/NVlabs/edm2, then --edm2 DIR.');
  }
  const number = (name: 'rounds' | 'threads'): number => {
    const value = Number(values[name]);
    if (!Number.isInteger(value) || value < 1) throw new Error(`--${name} takes a whole number, not "${values[name]}".`);
    return value;
  };
  const usual = groups.filter((group) => group !== 'sweep' || values.sweep);
  return {
    peer: {
      edm2: userPath(values.edm2),
      python: values.python.includes('/') ? userPath(values.python) : values.python,
      threads: number('threads'),
    },
    rounds: number('rounds'),
    only: values.only === undefined ? usual : values.only.split(',').map(groupNamed),
    json: values.json === undefined ? null : userPath(values.json),
    markdown: values.markdown === undefined ? null : userPath(values.markdown),
  };
}

function groupNamed(name: string): Group {
  const found = groups.find((group) => group === name);
  if (found === undefined) throw new Error(`--only takes ${groups.join(', ')}, not "${name}".`);
  return found;
}

/** A path as the user meant it: npm runs scripts in the project's folder. */
function userPath(path: string): string {
  return resolve(process.env.INIT_CWD ?? process.cwd(), path);
}
