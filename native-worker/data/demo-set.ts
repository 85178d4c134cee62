import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import zlib from 'node:zlib';
import * as z from 'zod';
import { AppError } from '../../contract/errors.ts';
import { writeAll, writeDurably } from '../store/durable-file.ts';

const PACKED = 'pictures.safetensors.br';
const MANIFEST = 'manifest.json';

const Manifest = z.object({ count: z.int(), sizeBytes: z.int(), sha256: z.string() });

/**
 * Unpacks the emoji pictures that ship with the app into a packed dataset file, durably.
 *
 * @param target path of the new file
 * @param folder where the demo set lies; found beside or above this file if left out
 * @throws {AppError} 'corrupt-file' if the demo set is missing or not what it was made as, 'no-space'
 */
export function writeDemoSet(target: string, folder = demoSetFolder()): void {
  const bytes = unpack(folder);
  writeDurably(target, (fd) => writeAll(fd, bytes));
}

/** Hash of the unpacked file, by which a library finds out that it has the demo set already. */
export function demoSetSha256(folder = demoSetFolder()): string {
  return readManifest(folder).sha256;
}

function unpack(folder: string): Buffer {
  const { sizeBytes, sha256 } = readManifest(folder);
  let bytes: Buffer;
  try {
    bytes = zlib.brotliDecompressSync(fs.readFileSync(path.join(folder, PACKED)), { maxOutputLength: sizeBytes });
  } catch (error) {
    throw damaged(folder, error);
  }
  if (createHash('sha256').update(bytes).digest('hex') !== sha256) throw damaged(folder);
  return bytes;
}

function readManifest(folder: string): z.infer<typeof Manifest> {
  try {
    return Manifest.parse(JSON.parse(fs.readFileSync(path.join(folder, MANIFEST), 'utf8')));
  } catch (error) {
    throw damaged(folder, error);
  }
}

function damaged(folder: string, cause?: unknown): AppError {
  return new AppError('corrupt-file', `The demo set in ${folder} is damaged; install EDM2 Studio again.`, { cause });
}

/** The demo set lies in the root of a checkout and of a packaged worker; this file may be bundled at any depth there. */
function demoSetFolder(): string {
  for (let folder = import.meta.dirname; ; folder = path.dirname(folder)) {
    const candidate = path.join(folder, 'demo-set');
    if (fs.existsSync(path.join(candidate, MANIFEST))) return candidate;
    if (folder === path.dirname(folder)) throw damaged(path.join(import.meta.dirname, 'demo-set'));
  }
}
