/**
 * What a runtime's folder holds. The manifest is written last: a folder without one is half-made. Start-up compares
 * sizes, which takes a millisecond; the hashes are for `edm2 doctor`.
 */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import type { RuntimeLock } from './lock.ts';
import { fileSize, hashFile } from './wheels.ts';

const MANIFEST = 'manifest.json';

const Manifest = z.strictObject({
  format: z.literal('edm2-runtime/1'),
  runtime: z.string(),
  tensorflow: z.string(),
  platform: z.string(),
  /** Of the lock that it was made from. */
  lock: z.string(),
  files: z.array(z.strictObject({ path: z.string(), bytes: z.int().nonnegative(), sha256: z.string() })).min(1),
});
type Manifest = z.infer<typeof Manifest>;

export type RuntimeFile = Manifest['files'][number];

export async function writeManifest(folder: string, lock: RuntimeLock, files: readonly RuntimeFile[]): Promise<void> {
  const manifest: Manifest = {
    format: 'edm2-runtime/1',
    runtime: lock.name,
    tensorflow: lock.version,
    platform: lock.platform,
    lock: lock.sha256,
    files: [...files],
  };
  await writeFile(join(folder, MANIFEST), `${JSON.stringify(manifest, null, 1)}\n`, { flush: true });
}

export interface RuntimeCheck {
  readonly state: 'absent' | 'partial' | 'ready';
  /** What is wrong, as half a sentence; null where nothing is. */
  readonly problem: string | null;
}

/**
 * Looks whether a runtime is complete and made from this lock.
 *
 * @param options `thorough`: read every file and compare hashes (some seconds a gigabyte)
 */
export async function checkRuntime(
  folder: string,
  lock: RuntimeLock,
  options: { thorough: boolean },
): Promise<RuntimeCheck> {
  const text = await readFile(join(folder, MANIFEST), 'utf8').catch(() => null);
  if (text === null) {
    const there = await readdir(folder).catch(() => []);
    return there.length > 0
      ? { state: 'partial', problem: 'its installation did not finish' }
      : { state: 'absent', problem: 'it is not installed' };
  }
  const manifest = parseManifest(text);
  if (manifest === null) return { state: 'partial', problem: `its ${MANIFEST} is damaged` };
  if (manifest.lock !== lock.sha256 || manifest.platform !== lock.platform) {
    return { state: 'partial', problem: `it is TensorFlow ${manifest.tensorflow} of another lock file` };
  }
  for (const file of manifest.files) {
    const path = join(folder, file.path);
    const size = await fileSize(path);
    if (size === null) return { state: 'partial', problem: `${file.path} is missing` };
    if (size !== file.bytes)
      return { state: 'partial', problem: `${file.path} has ${size} bytes instead of ${file.bytes}` };
    if (options.thorough && (await hashFile(path)) !== file.sha256)
      return { state: 'partial', problem: `${file.path} has been changed` };
  }
  return { state: 'ready', problem: null };
}

function parseManifest(text: string): Manifest | null {
  try {
    return Manifest.parse(JSON.parse(text));
  } catch {
    return null; // not JSON, or not ours: the caller treats it as a half-made runtime
  }
}
