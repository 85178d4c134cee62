import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { AppError, hasSystemCode } from '../../contract/errors.ts';
import type { ServiceClient } from '../service/connect.ts';

/**
 * Fetches a sheet of pictures from the service and writes it where the user wants it: whole or not at all.
 *
 * @param file absolute path; its folder is made
 * @throws {AppError} 'no-space', 'forbidden' where the file can't be written
 */
export async function saveSheet(client: ServiceClient, sampleId: number, file: string): Promise<void> {
  const picture = await client.file(`/files/samples/${sampleId}.png`);
  const temporary = `${file}.${process.pid}.part`;
  try {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(temporary, picture);
    renameSync(temporary, file);
  } catch (error) {
    rmSync(temporary, { force: true });
    if (hasSystemCode(error, 'ENOSPC')) {
      throw new AppError('no-space', `There is no space left for ${file}. Free some, or name another with --out.`, {
        cause: error,
      });
    }
    throw new AppError('forbidden', `${file} can't be written. Name another place with --out.`, { cause: error });
  }
}
