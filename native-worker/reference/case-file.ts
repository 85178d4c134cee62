import fs from 'node:fs';
import path from 'node:path';
import * as z from 'zod';
import { AppError } from '../../contract/errors.ts';
import { openSafetensors } from '../store/safetensors.ts';

/** Tolerance of a tensor: |mine − reference| ≤ atol + rtol |reference|. U8 tensors have none: they are exact but for 1. */
const OutputInfo = z.looseObject({
  shape: z.array(z.int()),
  dtype: z.string(),
  atol: z.number().optional(),
  rtol: z.number().optional(),
  /** Relative L2 distance of float32 results from the float64 one. */
  f64_rel_l2: z.number().optional(),
});
export type OutputInfo = z.infer<typeof OutputInfo>;

const CaseInfo = z.looseObject({
  name: z.string(),
  file: z.string(),
  outputs: z.record(z.string(), OutputInfo).default({}),
  scalars: z.record(z.string(), z.unknown()).default({}),
  scalar_tolerance: z.record(z.string(), z.looseObject({ rtol: z.number() })).default({}),
});
const Index = z.looseObject({ cases: z.array(CaseInfo) });

/** Numbers of a tensor in official layout. */
export interface Numbers {
  readonly shape: readonly number[];
  readonly data: Float32Array | Uint8Array;
}

/** One case: what goes in, what must come out, and how exactly. */
export interface ReferenceCase {
  readonly name: string;
  /** Settings as the file's own metadata gives them; {} where it has none. */
  readonly config: unknown;
  /** Numbers the official code gave beside tensors. */
  readonly scalars: Readonly<Record<string, unknown>>;
  readonly scalarTolerance: Readonly<Record<string, { rtol: number }>>;
  readonly outputs: Readonly<Record<string, OutputInfo>>;
  /** Names of all tensors in the file. */
  readonly names: readonly string[];
  has(name: string): boolean;
  /** @throws {AppError} 'corrupt-file' if there is no such tensor */
  read(name: string): Numbers;
  /** The whole file, of a case that is a table. */
  json(): unknown;
  /** Another file of the same folder ("unet-cond.safetensors"). */
  open(file: string): ReferenceCase;
}

/**
 * All cases that a folder's index.json lists.
 *
 * @throws {AppError} 'not-found' if there is no index, 'corrupt-file' if it isn't one
 */
export function readIndex(folder: string): ReferenceCase[] {
  const file = path.join(folder, 'index.json');
  if (!fs.existsSync(file)) {
    throw new AppError('not-found', `There is no index.json in ${folder}; name a folder of reference cases.`);
  }
  const parsed = Index.safeParse(readJson(file));
  if (!parsed.success) {
    throw new AppError('corrupt-file', `${file} is not an index of reference cases: ${z.prettifyError(parsed.error)}`);
  }
  return parsed.data.cases.map((info) => caseOf(folder, info, parsed.data.cases));
}

function caseOf(
  folder: string,
  info: z.infer<typeof CaseInfo>,
  all: readonly z.infer<typeof CaseInfo>[],
): ReferenceCase {
  const file = path.join(folder, info.file);
  if (path.dirname(path.resolve(file)) !== path.resolve(folder)) {
    throw new AppError('corrupt-file', `Case ${info.name} points out of its folder, to ${info.file}.`);
  }
  if (!fs.existsSync(file)) throw new AppError('not-found', `The file of case ${info.name}, ${file}, is missing.`);
  const tensors = file.endsWith('.safetensors') ? readTensors(file) : null;
  const metadata = tensors?.metadata ?? {};
  const parse = (text: string | undefined): unknown => (text === undefined ? {} : JSON.parse(text));
  return {
    name: info.name,
    config: parse(metadata.config),
    scalars: parse(metadata.scalars) as Record<string, unknown>,
    scalarTolerance: info.scalar_tolerance,
    outputs: info.outputs,
    names: [...(tensors?.numbers.keys() ?? [])],
    has: (name) => tensors?.numbers.has(name) ?? false,
    read(name) {
      const found = tensors?.numbers.get(name);
      if (found === undefined) throw new AppError('corrupt-file', `Case ${info.name} has no tensor "${name}".`);
      return found;
    },
    json: () => readJson(file),
    open(other) {
      const found = all.find((candidate) => candidate.file === other);
      return caseOf(folder, found ?? { ...info, name: other, file: other, outputs: {}, scalar_tolerance: {} }, all);
    },
  };
}

function readTensors(file: string): { metadata: Readonly<Record<string, string>>; numbers: Map<string, Numbers> } {
  const opened = openSafetensors(file);
  try {
    const numbers = new Map<string, Numbers>();
    for (const [name, { dtype, shape }] of opened.tensors) {
      const data = opened.read(name);
      if (!(data instanceof Float32Array) && !(data instanceof Uint8Array)) {
        throw new AppError(
          'corrupt-file',
          `Tensor "${name}" of ${file} is of type ${dtype}; reference cases hold F32 and U8.`,
        );
      }
      numbers.set(name, { shape, data });
    }
    return { metadata: opened.metadata, numbers };
  } finally {
    opened.close();
  }
}

function readJson(file: string): unknown {
  try {
    return JSON.parse(fs.readFileSync(file, 'utf8'));
  } catch (error) {
    throw new AppError('corrupt-file', `${file} is not JSON.`, { cause: error });
  }
}
