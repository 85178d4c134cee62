import fs from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { AppError } from '../../contract/errors.ts';
import type { LibraryIdentity } from '../../contract/library.ts';
import { writeAll, writeDurably } from './durable-file.ts';
import { readRegularFile } from './open-file.ts';
import { BROWSERS_NAME } from './paths.ts';

/**
 * What `edm2 serve` remembers from one time to the next: its port, and the sessions of the browsers that it let in, of
 * each the digest of its key and its end. A file of the library's that nobody but its user may read.
 */
const Browsers = z.strictObject({
  /** The last that was listened on; null: none was. */
  port: z.int().min(1).max(65_535).nullable(),
  sessions: z.array(
    z.strictObject({
      /** SHA-256 of the key in the browser's cookie, hexadecimal. */
      sha256: z.string().regex(/^[0-9a-f]{64}$/),
      /** Milliseconds since 1970; the session is over then. */
      until: z.int(),
    }),
  ),
});
export type Browsers = z.infer<typeof Browsers>;
export type KeptSession = Browsers['sessions'][number];

/** Whose they are. A copy of a library is another one, and who was let into this one was not let into that. */
const BrowsersFile = z.strictObject({ ...Browsers.shape, library: z.string() });

/** Device numbers may change when a machine starts anew, so they don't count. */
const ownerOf = ({ id, inode }: LibraryIdentity): string => `${id}:${inode}`;

/** What is remembered; nothing where the file is missing, damaged or of the library that this one was copied from. */
export function readBrowsers(folder: string, identity: LibraryIdentity): Browsers {
  const nothing: Browsers = { port: null, sessions: [] };
  let bytes: Buffer;
  try {
    bytes = readRegularFile(join(folder, BROWSERS_NAME));
  } catch (error) {
    if (error instanceof AppError && error.code === 'not-found') return nothing;
    throw error;
  }
  const { library, ...browsers } = parsed(bytes) ?? { ...nothing, library: '' };
  return library === ownerOf(identity) ? browsers : nothing;
}

function parsed(bytes: Buffer): z.infer<typeof BrowsersFile> | undefined {
  try {
    return BrowsersFile.safeParse(JSON.parse(bytes.toString('utf8'))).data;
  } catch {
    return undefined; // not JSON: each browser needs a new address, which is all that is lost
  }
}

/** @throws {AppError} 'no-space', and what the system refuses */
export function writeBrowsers(folder: string, identity: LibraryIdentity, browsers: Browsers): void {
  const file: z.infer<typeof BrowsersFile> = { library: ownerOf(identity), ...browsers };
  writeDurably(join(folder, BROWSERS_NAME), (fd) => {
    fs.fchmodSync(fd, 0o600); // before there is anything to read
    writeAll(fd, Buffer.from(`${JSON.stringify(file, null, 2)}\n`));
  });
}
