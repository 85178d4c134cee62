/** Reading wheels: zip files whose hash was verified before. Zip64 and encryption don't occur in them and are refused. */
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { writeFile, type FileHandle } from 'node:fs/promises';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createInflateRaw, inflateRawSync } from 'node:zlib';
import { AppError } from '../../../contract/errors.ts';

export interface ZipEntry {
  /** Path inside the archive, '/' between its parts. */
  readonly name: string;
  /** 0: stored; 8: deflated. */
  readonly method: number;
  readonly compressedBytes: number;
  readonly bytes: number;
  /** Where the entry's local header starts in the file. */
  readonly offset: number;
}

const END_SIGNATURE = 0x06054b50;
const ENTRY_SIGNATURE = 0x02014b50;
const LOCAL_SIGNATURE = 0x04034b50;
const END_BYTES = 22;
/** The end record may be followed by a comment of at most this many bytes. */
const LONGEST_COMMENT = 0xffff;

/**
 * Lists the files of a zip archive from its central directory; folders are left out.
 *
 * @param file the opened archive
 * @throws {AppError} 'corrupt-file' if it isn't a complete zip file
 */
export async function listZip(file: FileHandle): Promise<ZipEntry[]> {
  const damaged = (what: string) => new AppError('corrupt-file', `This is not a complete zip file: ${what}`);
  const { size } = await file.stat();
  const tail = Buffer.alloc(Math.min(size, END_BYTES + LONGEST_COMMENT));
  await file.read(tail, 0, tail.length, size - tail.length);
  let end = tail.length - END_BYTES;
  while (end >= 0 && tail.readUInt32LE(end) !== END_SIGNATURE) end -= 1;
  if (end < 0) throw damaged('its end is missing');

  const count = tail.readUInt16LE(end + 10);
  const directory = Buffer.alloc(tail.readUInt32LE(end + 12));
  const start = tail.readUInt32LE(end + 16);
  if (start + directory.length > size) throw damaged('its directory lies outside');
  await file.read(directory, 0, directory.length, start);

  const entries: ZipEntry[] = [];
  let at = 0;
  for (let i = 0; i < count; i += 1) {
    if (at + 46 > directory.length || directory.readUInt32LE(at) !== ENTRY_SIGNATURE)
      throw damaged(`entry ${i} is damaged`);
    const nameBytes = directory.readUInt16LE(at + 28);
    const entry = {
      name: directory.toString('utf8', at + 46, at + 46 + nameBytes),
      method: directory.readUInt16LE(at + 10),
      compressedBytes: directory.readUInt32LE(at + 20),
      bytes: directory.readUInt32LE(at + 24),
      offset: directory.readUInt32LE(at + 42),
    };
    if (entry.bytes === 0xffffffff || entry.offset === 0xffffffff) throw damaged(`${entry.name} is larger than 4 GiB`);
    if (!entry.name.endsWith('/')) entries.push(entry);
    at += 46 + nameBytes + directory.readUInt16LE(at + 30) + directory.readUInt16LE(at + 32);
  }
  return entries;
}

/** Entries up to this size are read at once: a wheel holds 13,000 small headers, and a stream for each takes its time. */
const SMALL = 2 ** 20;

/**
 * Writes one file of an archive to disk.
 *
 * @param archive the opened archive
 * @param target  where to write; its folder exists
 * @param mode    permissions of the new file
 * @returns SHA-256 of what was written, lower-case hexadecimal
 * @throws {AppError} 'corrupt-file' if the entry is damaged; errors of the disk as Node throws them
 */
export async function unzipEntry(archive: FileHandle, entry: ZipEntry, target: string, mode = 0o644): Promise<string> {
  const header = Buffer.alloc(30);
  await archive.read(header, 0, header.length, entry.offset);
  if (header.readUInt32LE(0) !== LOCAL_SIGNATURE || (entry.method !== 0 && entry.method !== 8)) {
    throw new AppError('corrupt-file', `${entry.name} is damaged or packed in an unknown way`);
  }
  const start = entry.offset + header.length + header.readUInt16LE(26) + header.readUInt16LE(28);
  const hash = createHash('sha256');
  let bytes = 0;
  if (entry.compressedBytes <= SMALL && entry.bytes <= SMALL) {
    const packed = Buffer.alloc(entry.compressedBytes);
    await archive.read(packed, 0, packed.length, start);
    const content = entry.method === 0 ? packed : inflateRawSync(packed, { maxOutputLength: SMALL });
    hash.update(content);
    bytes = content.length;
    await writeFile(target, content, { mode });
  } else {
    const count = new Transform({
      transform(chunk: Buffer, _encoding, done) {
        hash.update(chunk);
        bytes += chunk.length;
        done(null, chunk);
      },
    });
    const end = start + entry.compressedBytes - 1;
    const source = createReadStream('', { fd: archive.fd, start, end, highWaterMark: SMALL, autoClose: false });
    const sink = createWriteStream(target, { mode });
    if (entry.method === 0) await pipeline(source, count, sink);
    else await pipeline(source, createInflateRaw({ chunkSize: 2 ** 18 }), count, sink);
  }
  if (bytes !== entry.bytes)
    throw new AppError('corrupt-file', `${entry.name} has ${bytes} bytes instead of ${entry.bytes}`);
  return hash.digest('hex');
}
