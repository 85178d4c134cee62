import fs from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { AppError } from '../../contract/errors.ts';
import { writeAll, writeDurably } from './durable-file.ts';
import { readRegularFile } from './open-file.ts';
import { MACHINES_NAME } from './paths.ts';

/**
 * Workers on other machines, and the tokens that they ask for: a file of the library's that nobody but its user may read.
 * The index, which other users of the machine may be able to read, is no place for secrets.
 */
const MachinesFile = z.strictObject({
  /** Token by address. */
  workers: z.record(z.string(), z.string()),
});

/** Addresses, sorted. @throws {AppError} 'corrupt-file' */
export function listMachines(folder: string): string[] {
  return Object.keys(read(folder)).sort();
}

/** @throws {AppError} 'not-found', 'corrupt-file' */
export function tokenOf(folder: string, address: string): string {
  const token = read(folder)[address];
  if (token !== undefined) return token;
  throw new AppError(
    'not-found',
    `No token is known for the worker at ${address}: add it under "Machines" of a new run, or set EDM2_WORKER_TOKEN.`,
  );
}

export function putMachine(folder: string, address: string, token: string): void {
  write(folder, { ...read(folder), [address]: token });
}

export function deleteMachine(folder: string, address: string): void {
  const { [address]: gone, ...rest } = read(folder);
  if (gone !== undefined) write(folder, rest);
}

function read(folder: string): Record<string, string> {
  const path = join(folder, MACHINES_NAME);
  try {
    return MachinesFile.parse(JSON.parse(readRegularFile(path).toString('utf8'))).workers;
  } catch (error) {
    if (error instanceof AppError && error.code === 'not-found') return {};
    throw new AppError(
      'corrupt-file',
      `${path}, which holds the tokens of other machines, can't be read. Delete it and add the machines again.`,
      { cause: error },
    );
  }
}

function write(folder: string, workers: Record<string, string>): void {
  writeDurably(join(folder, MACHINES_NAME), (fd) => {
    fs.fchmodSync(fd, 0o600); // before there is anything to read
    writeAll(fd, Buffer.from(`${JSON.stringify({ workers } satisfies z.infer<typeof MachinesFile>, null, 2)}\n`));
  });
}
