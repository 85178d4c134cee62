import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import * as z from 'zod';
import { cacheFolder } from '../runtime/places.ts';
import { makeFolder } from '../../system/make-folder.ts';
import type { GraphProgram } from './program.ts';
import { asFed, type Specs } from './specs.ts';

/** Recorded programs on disk, so that the second start of the same one need not record it again. */

/** Some megabytes each; nobody goes back and forth between more programs than this. */
const KEPT = 16;

const ENDING = '.graph';

/** SHA-256 in hexadecimal, and a line end. */
const HASH_LINE_BYTES = 65;

const Tensors = z.record(
  z.string(),
  z.strictObject({
    shape: z.array(z.int()),
    dtype: z.enum(['float32', 'int32', 'uint8', 'bool']),
    rows: z.array(z.string()).optional(),
  }),
);

const Draw = z.strictObject({ purpose: z.string(), part: z.enum(['none', 'skip', 'cut']), rowSize: z.int() });

/** A file is 64 hexadecimal digits, the hash of all that follows, and a line end; a line with this; and the graph. */
const Header = z.strictObject({
  state: Tensors,
  entries: z.record(
    z.string(),
    z.strictObject({ inputs: Tensors, draws: z.array(Draw), outputs: z.array(z.string()) }),
  ),
  nodes: z.int(),
});

/**
 * A program from the cache, or recorded and put there. A file that is damaged, or of a program with other state, counts as
 * none.
 *
 * @param key    hash of everything that the program depends on
 * @param state  of the program
 * @param record makes it
 * @param folder of the cache; a parameter for tests
 */
export function cachedProgram(
  key: string,
  state: Specs,
  record: () => GraphProgram,
  folder = join(cacheFolder(), 'graphs'),
): GraphProgram {
  const path = join(folder, `${key}${ENDING}`);
  const found = read(path);
  if (found !== null && isDeepStrictEqual(found.state, asFed(state))) return found;
  const program = record();
  try {
    keep(path, program);
    forgetOldest(folder);
  } catch (error) {
    // A full or read-only disk costs a second at the next start, and nothing now.
    process.stderr.write(`A recorded program could not be kept: ${String(error)}\n`);
  }
  return program;
}

function read(path: string): GraphProgram | null {
  try {
    const bytes = readFileSync(path);
    const content = bytes.subarray(HASH_LINE_BYTES);
    if (bytes.toString('latin1', 0, HASH_LINE_BYTES) !== hashLine(content)) return null;
    const end = content.indexOf('\n');
    const header = Header.parse(JSON.parse(content.toString('utf8', 0, end)));
    const graph = content.subarray(end + 1);
    const now = new Date();
    utimesSync(path, now, now); // the least recently used go first
    return { ...header, graph };
  } catch {
    return null; // not there, or cut short: it is recorded anew and replaced
  }
}

/** Written aside and renamed, so that nobody ever reads half of it, whoever writes at the same time. */
function keep(path: string, { graph, ...names }: GraphProgram): void {
  makeFolder(join(path, '..'));
  const temporary = `${path}.${process.pid}.part`;
  const content = Buffer.concat([Buffer.from(`${JSON.stringify(names)}\n`), graph]);
  try {
    writeFileSync(temporary, Buffer.concat([Buffer.from(hashLine(content)), content]));
    renameSync(temporary, path);
  } finally {
    rmSync(temporary, { force: true });
  }
}

function forgetOldest(folder: string): void {
  const files = readdirSync(folder)
    .filter((name) => name.endsWith(ENDING))
    .map((name) => join(folder, name))
    .map((path) => ({ path, usedAt: statSync(path).mtimeMs }))
    .sort((a, b) => b.usedAt - a.usedAt);
  for (const { path } of files.slice(KEPT)) rmSync(path, { force: true });
}

function hashLine(content: Uint8Array): string {
  return `${createHash('sha256').update(content).digest('hex')}\n`;
}
