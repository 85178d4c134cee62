/** Fetching wheels with pip, each verified against the lock; what is complete already is not fetched again. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '../../../contract/errors.ts';
import { makeFolder } from '../../system/make-folder.ts';
import { runChild, type ChildResult } from './child.ts';
import { noSpace } from './disk.ts';
import type { Wheel } from './lock.ts';
import { formatBytes, type OnProgress } from './progress.ts';
import type { Python } from './python.ts';

/** SHA-256 of a file, lower-case hexadecimal. */
export async function hashFile(path: string, signal?: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: 2 ** 20, signal })) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

/** A file's size; null where there is none. */
export async function fileSize(path: string): Promise<number | null> {
  const found = await stat(path).catch(() => null);
  return found?.isFile() === true ? found.size : null;
}

/** Whether a wheel lies in a folder, complete and unchanged. */
export async function wheelIsGood(folder: string, wheel: Wheel, signal?: AbortSignal): Promise<boolean> {
  const path = join(folder, wheel.file);
  return (await fileSize(path)) === wheel.bytes && (await hashFile(path, signal)) === wheel.sha256;
}

export interface FetchOptions {
  /** Where the wheels go; made if need be. Complete wheels in it are kept, broken ones fetched again. */
  readonly folder: string;
  readonly python: Python;
  readonly onProgress: OnProgress;
  readonly signal?: AbortSignal | undefined;
  readonly variables?: NodeJS.ProcessEnv;
}

/** How often the growing download is looked at. */
const POLL_MS = 500;

/**
 * Fetches wheels one after the other, so that an interrupted install goes on with the first that is missing.
 *
 * @throws {AppError} 'runtime' if PyPI can't be reached or a hash differs; 'no-space' if the disk is full; 'cancelled'
 */
export async function fetchWheels(wheels: readonly Wheel[], options: FetchOptions): Promise<void> {
  const { folder, onProgress, signal } = options;
  makeFolder(folder);
  const total = wheels.reduce((sum, wheel) => sum + wheel.bytes, 0);
  let done = 0;
  for (const [index, wheel] of wheels.entries()) {
    const counted = wheels.length > 1 ? ` (${index + 1} of ${wheels.length})` : '';
    const text = `Downloading ${wheel.package} ${wheel.version}, ${formatBytes(wheel.bytes)}${counted}`;
    onProgress({ text, done, total });
    if (!(await wheelIsGood(folder, wheel, signal))) {
      await rm(join(folder, wheel.file), { force: true });
      await fetchWheel(wheel, options, (bytes) =>
        onProgress({ text, done: done + Math.min(bytes, wheel.bytes), total }),
      );
    }
    done += wheel.bytes;
  }
  onProgress({ text: 'Downloaded and verified', done: total, total });
}

/** Has pip fetch one wheel into a folder of its own, verifies it there, and moves it to its place. */
async function fetchWheel(wheel: Wheel, options: FetchOptions, onBytes: (bytes: number) => void): Promise<void> {
  const { folder, python, signal } = options;
  const work = join(folder, 'incoming');
  await rm(work, { recursive: true, force: true });
  makeFolder(work);
  const requirements = join(work, 'requirements.txt');
  await writeFile(requirements, `${wheel.package}==${wheel.version} --hash=sha256:${wheel.sha256}\n`);

  const poll = setInterval(() => void folderBytes(work).then(onBytes), POLL_MS);
  try {
    const result = await runChild(python.command, ['-m', 'pip', ...pipArguments(wheel, work, requirements)], {
      // pip downloads to TMPDIR first: so that is on the disk whose space was checked, and can be watched.
      environment: { ...(options.variables ?? process.env), TMPDIR: work, PIP_DISABLE_PIP_VERSION_CHECK: '1' },
      signal,
    });
    if (result === null) {
      throw new AppError('no-python', `${python.command} was here a moment ago and is gone: install Python again.`);
    }
    if (result.status !== 0) throw explainPip(result, wheel, folder);
    const arrived = join(work, wheel.file);
    const size = await fileSize(arrived);
    if (size !== wheel.bytes || (await hashFile(arrived, signal)) !== wheel.sha256) throw wrongHash(wheel);
    await rename(arrived, join(folder, wheel.file));
  } finally {
    clearInterval(poll);
    await rm(work, { recursive: true, force: true });
  }
}

/** The wheel's tags say which interpreter and platform it is for, whatever Python runs pip here. */
function pipArguments(wheel: Wheel, folder: string, requirements: string): string[] {
  const tags = wheel.file.replace(/\.whl$/, '').split('-');
  const platforms = tags.at(-1)!.split('.');
  const python = /^cp(\d)(\d+)$/.exec(tags.at(-3)!);
  const version = python === null ? '3.11' : `${python[1]!}.${python[2]!}`;
  const flags = ['download', '--no-deps', '--no-cache-dir', '--only-binary=:all:', '--require-hashes'];
  flags.push('--implementation', 'cp', '--python-version', version);
  for (const platform of platforms) flags.push('--platform', platform);
  return [...flags, '--dest', folder, '--requirement', requirements];
}

function wrongHash(wheel: Wheel): AppError {
  return new AppError(
    'runtime',
    `${wheel.file} came with other contents than the lock file says: check the network (a proxy or mirror that changes files?) and start again.`,
  );
}

/** Turns pip's complaint into one sentence that says what to do. */
function explainPip(result: ChildResult, wheel: Wheel, folder: string): AppError {
  const said = `${result.stderr}\n${result.stdout}`;
  const cause = new Error(said.trim().slice(-4000));
  if (/DO NOT MATCH THE HASHES/i.test(said)) return wrongHash(wheel);
  if (/No space left on device|Errno 28|disk is full/i.test(said)) return noSpace(folder, cause);
  const network =
    /NewConnectionError|Failed to establish|name resolution|ConnectionError|ConnectTimeout|ReadTimeout|timed out|ProxyError|SSLError|CERTIFICATE_VERIFY_FAILED|Connection refused|Network is unreachable|Connection (aborted|broken|reset)/i;
  if (network.test(said)) {
    return new AppError(
      'runtime',
      `${wheel.package} can't be downloaded because the Python package index can't be reached: check the network (behind a proxy set HTTPS_PROXY, for a mirror set PIP_INDEX_URL) and start again; what is complete is kept.`,
      { cause },
    );
  }
  if (/No matching distribution|Could not find a version/i.test(said)) {
    return new AppError(
      'runtime',
      `The package index has no ${wheel.package} ${wheel.version} (${wheel.file}): check the network, PIP_INDEX_URL and pip's configuration, then start again.`,
      { cause },
    );
  }
  const last =
    said
      .split('\n')
      .filter((line) => /error/i.test(line))
      .at(-1)
      ?.trim() ?? `exit status ${String(result.status)}`;
  return new AppError('runtime', `pip could not fetch ${wheel.package} ${wheel.version}: ${last}`, { cause });
}

/** Bytes of all files in a folder; 0 for what vanishes meanwhile. */
async function folderBytes(folder: string): Promise<number> {
  let bytes = 0;
  const entries = await readdir(folder, { recursive: true }).catch(() => []);
  for (const entry of entries) bytes += (await fileSize(join(folder, entry))) ?? 0;
  return bytes;
}
