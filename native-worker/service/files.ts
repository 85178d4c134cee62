import { closeSync, createReadStream, existsSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import sharp from 'sharp';
import { AppError, hasSystemCode } from '../../contract/errors.ts';
import { SECURITY_HEADERS } from '../../contract/security.ts';
import { openDataset } from '../data/dataset-file.ts';
import { drawMosaic } from '../data/mosaic.ts';
import { encodePicture } from '../data/png.ts';
import { datasetPath, getDataset } from '../store/datasets.ts';
import { writeAll, writeDurably } from '../store/durable-file.ts';
import type { Library } from '../store/library.ts';
import { openRegularFile, readRegularFile, type OpenFile } from '../store/open-file.ts';
import { insideLibrary, mosaicPath } from '../store/paths.ts';
import { getProfile, readTraceOf } from '../store/profiles.ts';
import { getSample, sampleFile } from '../store/samples.ts';
import { recordedEvents } from './recorded-events.ts';
import { recordedNumbers } from './recorded-numbers.ts';
import { sendText } from './server.ts';

/** GET /files/…: pictures, traces and recorded numbers of the library, named by ids and fixed words alone. */

/** What is asked for, ready to be sent: a picture unless it says otherwise; in pieces it is new each time. */
type Found =
  | ({ etag: string; type?: string } & ({ path: string } | { body: () => Promise<Buffer> }))
  | { type: string; pieces: () => Promise<AsyncIterable<string | Uint8Array>> };

const ID = '([1-9]\\d{0,14})';
const INDEX = '(0|[1-9]\\d{0,14})';

/** "3,7/ticks.csv": of runs 3 and 7 their ticks; "numbers" of all kinds. */
const NUMBERS = /^\/files\/runs\/([1-9]\d{0,14}(?:,[1-9]\d{0,14})*)\/(ticks|numbers)\.(csv|json)$/;

const routes: readonly [RegExp, (library: Library, ids: number[]) => Found][] = [
  [new RegExp(`^/files/samples/${ID}\\.png$`), (library, [id]) => sheet(library, id!)],
  [new RegExp(`^/files/samples/${ID}/${INDEX}\\.png$`), (library, [id, index]) => pictureOfSheet(library, id!, index!)],
  [
    new RegExp(`^/files/datasets/${ID}/pictures/${INDEX}\\.png$`),
    (library, [id, index]) => pictureOfDataset(library, id!, index!),
  ],
  [
    new RegExp(`^/files/runs/${ID}/tensorboard$`),
    (library, [id]) => ({ type: 'application/octet-stream', pieces: () => recordedEvents(library, id!) }),
  ],
  [new RegExp(`^/files/profiles/${ID}\\.json$`), (library, [id]) => trace(library, id!)],
  [new RegExp(`^/files/datasets/${ID}/mosaic\\.png$`), (library, [id]) => mosaic(library, id!)],
];

/** Answers a GET or HEAD below /files/. */
export async function sendLibraryFile(
  library: Library,
  request: IncomingMessage,
  response: ServerResponse,
  path: string,
): Promise<void> {
  try {
    await answer(library, request, response, path);
  } catch (error) {
    if (!(error instanceof AppError) || response.headersSent) throw error;
    sendText(response, 404, error.message);
  }
}

/** @throws {AppError} for a picture that is not there or can't be read */
async function answer(
  library: Library,
  request: IncomingMessage,
  response: ServerResponse,
  path: string,
): Promise<void> {
  const found = findFile(library, path);
  if (found === null) {
    sendText(response, 404, 'There is no such file.');
    return;
  }
  if ('pieces' in found) {
    const pieces = await found.pieces();
    response.writeHead(200, { ...SECURITY_HEADERS, 'cache-control': 'no-store', 'content-type': found.type });
    if (request.method === 'HEAD') response.end();
    else await pass(Readable.from(pieces), response);
    return;
  }
  // Ids mean other pictures in another library at the same address, so a browser asks each time whether it has the right one.
  const headers = { ...SECURITY_HEADERS, 'cache-control': 'private, no-cache', etag: found.etag };
  if (request.headers['if-none-match'] === found.etag) {
    response.writeHead(304, headers).end();
    return;
  }
  if ('path' in found) {
    const file = openRegularFile(found.path);
    response.writeHead(200, { ...headers, 'content-type': 'image/png', 'content-length': file.sizeBytes });
    if (request.method !== 'HEAD') return send(file, response);
    closeSync(file.fd);
    response.end();
    return;
  }
  const body = await found.body();
  const type = found.type ?? 'image/png';
  response.writeHead(200, { ...headers, 'content-type': type, 'content-length': body.length });
  response.end(request.method === 'HEAD' ? undefined : body);
}

/** @param file closed when all is sent */
async function send({ fd, sizeBytes }: OpenFile, response: ServerResponse): Promise<void> {
  // No more than was promised, should somebody write on meanwhile.
  await pass(createReadStream('', { fd, start: 0, end: Math.max(sizeBytes - 1, 0) }), response);
}

/** How it is told that the reader went away, as readers do. */
const LEFT = ['ERR_STREAM_PREMATURE_CLOSE', 'ECONNRESET', 'EPIPE'];

async function pass(content: Readable, response: ServerResponse): Promise<void> {
  try {
    await pipeline(content, response);
  } catch (error) {
    if (!LEFT.some((code) => hasSystemCode(error, code))) throw error;
  }
}

function findFile(library: Library, path: string): Found | null {
  const numbers = NUMBERS.exec(path);
  if (numbers !== null) return numbersOf(library, numbers.slice(1));
  for (const [pattern, find] of routes) {
    const match = pattern.exec(path);
    if (match !== null) return find(library, match.slice(1).map(Number));
  }
  return null;
}

function numbersOf({ db }: Library, [ids = '', what, ending]: string[]): Found {
  const form = ending === 'json' ? 'json' : 'csv';
  const asked = { ids: ids.split(',').map(Number), kinds: what === 'numbers', form } as const;
  return {
    type: form === 'json' ? 'application/json' : 'text/csv; charset=utf-8',
    pieces: () => Promise.resolve(recordedNumbers(db, asked)),
  };
}

function sheet(library: Library, id: number): Found {
  const sample = getSample(library.db, id);
  return { path: sheetPath(library, id), etag: `"s${id}-${sample.createdAt}"` };
}

const sheetPath = ({ db, folder }: Library, id: number): string => insideLibrary(folder, sampleFile(db, id));

/** One picture, cut out of its sheet. */
function pictureOfSheet(library: Library, id: number, index: number): Found {
  const sample = getSample(library.db, id);
  if (index >= sample.seeds.length)
    throw new AppError('not-found', `Sample ${id} has ${sample.seeds.length} pictures.`);
  const path = sheetPath(library, id);
  const body = async (): Promise<Buffer> => {
    const image = sharp(readRegularFile(path), { limitInputPixels: false });
    const { width } = await image.metadata();
    const across = Math.min(sample.columns, sample.seeds.length);
    const step = across === 1 ? 0 : (width - sample.resolution) / (across - 1); // a picture and the gap after it
    return image
      .extract({
        left: Math.round((index % sample.columns) * step),
        top: Math.round(Math.floor(index / sample.columns) * (step === 0 ? sample.resolution : step)),
        width: sample.resolution,
        height: sample.resolution,
      })
      .png()
      .toBuffer();
  };
  return { body, etag: `"s${id}-${sample.createdAt}-${index}"` };
}

function pictureOfDataset(library: Library, id: number, index: number): Found {
  const { sha256, count, resolution, channels } = getDataset(library.db, id);
  if (index >= count) throw new AppError('not-found', `Dataset ${id} has ${count} pictures.`);
  const path = datasetPath(library, id);
  const body = async (): Promise<Buffer> => {
    const pixels = new Uint8Array(resolution * resolution * channels);
    const dataset = openDataset(path);
    try {
      dataset.readPictures([index], pixels);
    } finally {
      dataset.close();
    }
    return encodePicture({ pixels, resolution, channels });
  };
  return { body, etag: `"d${sha256.slice(0, 24)}-${index}"` };
}

/** What Perfetto opens of a measured step. */
function trace({ db }: Library, id: number): Found {
  const { createdAt } = getProfile(db, id);
  return { type: 'application/json', etag: `"p${id}-${createdAt}"`, body: () => Promise.resolve(readTraceOf(db, id)) };
}

/** The overview of a dataset, drawn when it is first asked for. */
function mosaic(library: Library, id: number): Found {
  const { sha256 } = getDataset(library.db, id);
  const etag = `"m${sha256.slice(0, 24)}"`;
  const target = insideLibrary(library.folder, mosaicPath(id));
  if (existsSync(target)) return { path: target, etag };
  const path = datasetPath(library, id);
  const body = async (): Promise<Buffer> => {
    const dataset = openDataset(path);
    try {
      const drawn = await drawMosaic(dataset);
      writeDurably(target, (fd) => writeAll(fd, drawn));
      return drawn;
    } finally {
      dataset.close();
    }
  };
  return { body, etag };
}
