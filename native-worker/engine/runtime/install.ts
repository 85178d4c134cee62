/** Makes a runtime: wheels, libraries out of them, binding, and the manifest last. */
import { chmod, open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { AppError, hasSystemCode } from '../../../contract/errors.ts';
import type { RuntimeName } from '../../../contract/runtime.ts';
import { makeFolder } from '../../system/make-folder.ts';
import { bindingPlace, compileBinding, installBinding } from './binding.ts';
import { needCompiler } from './compiler.ts';
import { freeBytes, needSpace, noSpace, type FreeBytes } from './disk.ts';
import { holdInstallLock } from './install-lock.ts';
import { placeInRuntime, placeOfHeader } from './layout.ts';
import { readLock, type RuntimeLock, type Wheel } from './lock.ts';
import { needSearchablePath } from './environment.ts';
import { checkRuntime, writeManifest, type RuntimeFile } from './manifest.ts';
import { cacheFolder, runtimeFolder } from './places.ts';
import { formatBytes, type OnProgress } from './progress.ts';
import { needPython, type Python } from './python.ts';
import { fetchWheels, fileSize } from './wheels.ts';
import { listZip, unzipEntry, type ZipEntry } from './zip.ts';

/** TensorFlow's headers unpacked (13,000 files, 287 MB, on disks with blocks of 4 kB somewhat more). */
const HEADER_BYTES = 330e6;

export interface InstallOptions {
  readonly name: RuntimeName;
  readonly onProgress: OnProgress;
  readonly signal?: AbortSignal | undefined;
  /** The cache folder; default: the user's. */
  readonly cache?: string;
  /** Compare hashes of what is there, not sizes only, and fetch again what differs. */
  readonly thorough?: boolean;
  /** The next four stand in for the machine in tests. */
  readonly lock?: RuntimeLock;
  readonly variables?: NodeJS.ProcessEnv;
  readonly free?: FreeBytes;
  readonly project?: string;
}

/**
 * Brings a runtime to a state in which jobs can load it. Does nothing where it is complete already; goes on where an
 * earlier attempt stopped; replaces what is broken. Two processes at once: the second waits.
 *
 * @throws {AppError} 'no-python', 'no-compiler', 'no-space', 'runtime', 'cancelled': each says what to do
 */
export async function installRuntime(options: InstallOptions): Promise<void> {
  const cache = options.cache ?? cacheFolder();
  const lock = options.lock ?? readLock(options.name);
  needSearchablePath(cache);
  if (await runtimeIsUsable(options)) return;
  await needSpace(cache, 0, 'A TensorFlow runtime', options.free);
  const release = await holdInstallLock(cache, options);
  try {
    if (await runtimeIsUsable(options)) return; // another process made it while we waited
    await makeRuntime({ ...options, cache, lock });
  } catch (error) {
    if (hasSystemCode(error, 'ENOSPC')) throw noSpace(cache, error);
    if (options.signal?.aborted === true && !(error instanceof AppError)) throw cancelled(error);
    throw error;
  } finally {
    release();
  }
}

/** Whether nothing is left to do: the runtime is whole and the binding lies where tfjs-node looks (it is put there). */
async function runtimeIsUsable(options: InstallOptions): Promise<boolean> {
  const cache = options.cache ?? cacheFolder();
  const lock = options.lock ?? readLock(options.name);
  const thorough = options.thorough === true;
  const check = await checkRuntime(runtimeFolder(lock.name, cache), lock, { thorough });
  const place = bindingPlace(cache, lock.version, options.project);
  return check.state === 'ready' && (await installBinding(place));
}

type Install = InstallOptions & { readonly cache: string; readonly lock: RuntimeLock };

async function makeRuntime(install: Install): Promise<void> {
  const { cache, lock, onProgress, signal } = install;
  const folder = runtimeFolder(lock.name, cache);
  const place = bindingPlace(cache, lock.version, install.project);
  const ready = (await checkRuntime(folder, lock, { thorough: install.thorough === true })).state === 'ready';
  const compile = !(await installBinding(place));

  const python = await needPython(install.variables);
  if (compile) await needCompiler(install.variables);
  const wheels = ready ? lock.wheels.slice(0, 1) : lock.wheels; // for the binding alone: TensorFlow's wheel with its headers
  const wheelFolder = join(cache, 'wheels');
  const needed = await bytesNeeded(wheels, wheelFolder, { unpack: !ready, headers: compile });
  await needSpace(cache, needed, `TensorFlow's runtime "${lock.name}"`, install.free ?? freeBytes);
  await fetchWheels(wheels, {
    folder: wheelFolder,
    python,
    onProgress,
    signal,
    ...(install.variables && { variables: install.variables }),
  });

  const partial = `${folder}.partial`;
  const headers = join(cache, 'headers.partial');
  await rm(partial, { recursive: true, force: true });
  await rm(headers, { recursive: true, force: true });
  try {
    let files: RuntimeFile[] = [];
    if (!ready) files = await unpackWheels(wheels, wheelFolder, partial, install);
    if (compile) {
      await unpackHeaders(join(wheelFolder, wheels[0]!.file), headers, install);
      await compileInto(join(ready ? folder : partial, 'lib'), headers, python, install);
    }
    if (!ready) {
      await writeManifest(partial, lock, files);
      await rm(folder, { recursive: true, force: true });
      makeFolder(dirname(folder));
      await rename(partial, folder);
    }
    await installBinding(place);
    await rm(wheelFolder, { recursive: true, force: true });
  } finally {
    await rm(headers, { recursive: true, force: true });
    await rm(partial, { recursive: true, force: true });
  }
  onProgress({ text: 'TensorFlow is ready', done: 1, total: 1 });
}

/** What the disk must hold besides what is there already. */
async function bytesNeeded(
  wheels: readonly Wheel[],
  folder: string,
  what: { unpack: boolean; headers: boolean },
): Promise<number> {
  let bytes = what.headers ? HEADER_BYTES : 0;
  for (const wheel of wheels) {
    if ((await fileSize(join(folder, wheel.file))) !== wheel.bytes) bytes += wheel.bytes;
    if (what.unpack) bytes += wheel.unpacked;
  }
  return bytes;
}

/** Takes the libraries out of the wheels. */
async function unpackWheels(
  wheels: readonly Wheel[],
  from: string,
  to: string,
  install: Install,
): Promise<RuntimeFile[]> {
  const total = wheels.reduce((sum, wheel) => sum + wheel.unpacked, 0);
  const files: RuntimeFile[] = [];
  let done = 0;
  for (const wheel of wheels) {
    const text = `Unpacking ${wheel.package}, ${formatBytes(wheel.unpacked)}`;
    await unpack(join(from, wheel.file), to, placeInRuntime, install.signal, async (entry, path, sha256) => {
      files.push({ path, bytes: entry.bytes, sha256 });
      if (path.includes('/bin/')) await chmod(join(to, path), 0o755);
      done += entry.bytes;
      install.onProgress({ text, done, total });
    });
  }
  return files;
}

async function unpackHeaders(wheel: string, to: string, install: Install): Promise<void> {
  install.onProgress({ text: "Unpacking TensorFlow's headers", done: 0, total: 0 });
  await unpack(wheel, to, placeOfHeader, install.signal);
}

/** Unpacks those files of a wheel that have a place. */
async function unpack(
  wheel: string,
  to: string,
  placeOf: (name: string) => string | null,
  signal: AbortSignal | undefined,
  onFile?: (entry: ZipEntry, path: string, sha256: string) => Promise<void>,
): Promise<void> {
  const made = new Set<string>();
  const archive = await open(wheel);
  try {
    for (const entry of await listZip(archive)) {
      const path = placeOf(entry.name);
      if (path === null) continue;
      if (signal?.aborted === true) throw cancelled();
      const target = join(to, path);
      const parent = dirname(target);
      if (!made.has(parent)) makeFolder(parent);
      made.add(parent);
      const sha256 = await unzipEntry(archive, entry, target);
      await onFile?.(entry, path, sha256);
    }
  } finally {
    await archive.close();
  }
}

async function compileInto(libraries: string, headers: string, python: Python, install: Install): Promise<void> {
  install.onProgress({ text: 'Compiling the TensorFlow binding (once, about 20 s)', done: 0, total: 0 });
  await compileBinding({
    place: bindingPlace(install.cache, install.lock.version, install.project),
    libraries,
    headers,
    work: join(install.cache, 'build.partial'),
    python: python.command,
    signal: install.signal,
    ...(install.variables && { variables: install.variables }),
    ...(install.project !== undefined && { project: install.project }),
  });
}

function cancelled(cause?: unknown): AppError {
  return new AppError('cancelled', 'The installation of TensorFlow was cancelled', { cause });
}
