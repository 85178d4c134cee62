/**
 * The pinned wheels of a runtime, read from `runtime/<name>.lock`. One wheel a line, columns separated by blanks:
 *
 *     platform  package  version  file  bytes  unpacked  sha256
 *
 * `bytes` is the wheel's size, `unpacked` what we take out of it. `#` starts a comment.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { AppError } from '../../../contract/errors.ts';
import type { RuntimeName } from '../../../contract/runtime.ts';

export interface Wheel {
  /** Name on PyPI. */
  readonly package: string;
  readonly version: string;
  readonly file: string;
  /** Size of the wheel in bytes. */
  readonly bytes: number;
  /** Bytes of the files that are unpacked from it. */
  readonly unpacked: number;
  /** Of the wheel, lower-case hexadecimal. */
  readonly sha256: string;
}

export interface RuntimeLock {
  readonly name: RuntimeName;
  /** As `process.platform`-`process.arch`. */
  readonly platform: string;
  /** TensorFlow's version. */
  readonly version: string;
  /** TensorFlow's own wheel first. */
  readonly wheels: readonly Wheel[];
  /** Changes with anything of the above: a runtime made from another lock is out of date. */
  readonly sha256: string;
}

export const projectFolder = fileURLToPath(new URL('../../../', import.meta.url));

/** This machine, as lock files name it. */
export const thisPlatform = `${process.platform}-${process.arch}`;

/**
 * Reads the lock of a runtime that ships with the program.
 *
 * @throws {AppError} 'runtime' if the runtime does not exist for the platform
 */
export function readLock(name: RuntimeName, platform: string = thisPlatform): RuntimeLock {
  return parseLock(
    readFileSync(fileURLToPath(new URL(`../../../runtime/${name}.lock`, import.meta.url)), 'utf8'),
    name,
    platform,
  );
}

/**
 * Parses a lock file and keeps the wheels of one platform.
 *
 * @throws {AppError} 'runtime' if there are none; 'corrupt-file' if a line does not fit the format
 */
export function parseLock(text: string, name: RuntimeName, platform: string): RuntimeLock {
  const wheels: Wheel[] = [];
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.replace(/#.*/, '').trim();
    if (line === '') continue;
    const match = /^(\S+)\s+([\w.-]+)\s+([\w.+]+)\s+([\w.+-]+\.whl)\s+(\d+)\s+(\d+)\s+([0-9a-f]{64})$/.exec(line);
    if (match === null)
      throw new AppError('corrupt-file', `runtime/${name}.lock line ${index + 1} is not a wheel: "${line}"`);
    if (match[1] !== platform) continue;
    wheels.push({
      package: match[2]!,
      version: match[3]!,
      file: match[4]!,
      bytes: Number(match[5]),
      unpacked: Number(match[6]),
      sha256: match[7]!,
    });
  }
  const first = wheels[0];
  if (first === undefined) {
    throw new AppError(
      'runtime',
      `The runtime "${name}" does not exist for ${platform}; use "cpu", or a Linux x86-64 machine.`,
    );
  }
  const sha256 = createHash('sha256').update(JSON.stringify(wheels)).digest('hex');
  return { name, platform, version: first.version, wheels, sha256 };
}
