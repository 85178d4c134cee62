import fs from 'node:fs';
import path from 'node:path';
import type { ImportOptions, ImportProblem } from '../../contract/datasets.ts';
import { AppError } from '../../contract/errors.ts';
import type { Progress } from '../../contract/jobs.ts';
import { count } from '../../contract/units.ts';
import { type DatasetDescription, NO_LABEL } from './dataset-format.ts';
import { CHANNELS } from './grey.ts';
import { packDataset, type PackResult } from './pack.ts';
import { PictureProblem, readPicture } from './picture.ts';
import { printable, ProblemList } from './problems.ts';
import { type Candidate, type FolderScan, scanFolder } from './scan.ts';

/** Pictures that are read at once: as many as Node has threads for files and decoding, unless told otherwise. */
const IN_FLIGHT = 4;

/** Entries of a folder between two looks at whether to go on. */
const ENTRIES_PER_REPORT = 1000;

export interface ImportRequest {
  /** Folder to read. */
  readonly folder: string;
  readonly options: ImportOptions;
  /** Packed file to write; its folder exists. */
  readonly target: string;
  /** Hears how far it is, often. */
  readonly report: (progress: Progress) => void;
  /** Asked between pictures; true breaks the import off. */
  readonly cancelled: () => boolean;
}

/**
 * Imports a folder of pictures into a packed dataset file. Files that can't be read are listed and left out. In memory
 * are a few pictures and the list of names, however many there are.
 *
 * @returns what was left out, and why
 * @throws {AppError} 'dataset' if nothing can be made of the folder, 'no-space', 'cancelled'; nothing is left then
 */
export async function importFolder(request: ImportRequest): Promise<ImportProblem[]> {
  const { folder, options, target, report } = request;
  const problems = new ProblemList();
  const goOn = (): void => {
    if (request.cancelled()) throw new AppError('cancelled', 'The import was cancelled.');
  };
  const scan = await scanFolder(folder, problems, (entries) => {
    if (entries % ENTRIES_PER_REPORT !== 0) return;
    goOn();
    report({ done: entries, total: 0, unit: 'files', text: 'Looking for pictures' });
  });
  goOn();
  await checkSpace(target, scan.candidates.length * options.resolution ** 2 * CHANNELS);
  const about = describer(folder, options.name);
  const plan = {
    resolution: options.resolution,
    channels: CHANNELS,
    capacity: scan.candidates.length,
    description: about(scan.classes),
  };
  await packDataset(target, plan, async (append) => {
    const labels = new Int32Array(scan.candidates.length);
    let count = 0;
    let done = 0;
    for await (const { candidate, pixels } of readInOrder(folder, scan.candidates, options.resolution, problems)) {
      goOn();
      if (pixels !== null) {
        await append(pixels);
        labels[count++] = candidate.label;
      }
      const left = ++done - count;
      const text = left === 0 ? 'Reading pictures' : `Reading pictures, ${left} left out`;
      report({ done, total: scan.candidates.length, unit: 'files', text });
    }
    if (count === 0) throw nothingUsable(folder, problems);
    return settleClasses(scan, labels.subarray(0, count), about, problems);
  });
  return problems.toList();
}

interface ReadPicture {
  readonly candidate: Candidate;
  /** null: it was left out, and is among the problems. */
  readonly pixels: Uint8Array | null;
}

/** Reads several pictures at a time and hands them over in their order. */
async function* readInOrder(
  folder: string,
  candidates: readonly Candidate[],
  resolution: number,
  problems: ProblemList,
): AsyncGenerator<ReadPicture> {
  const read = async (candidate: Candidate): Promise<Uint8Array | PictureProblem> => {
    try {
      return await readPicture(path.join(folder, candidate.file), resolution);
    } catch (error) {
      if (error instanceof PictureProblem) return error;
      throw error;
    }
  };
  const inFlight: { candidate: Candidate; result: Promise<Uint8Array | PictureProblem> }[] = [];
  const start = (index: number): void => {
    const candidate = candidates[index];
    if (candidate !== undefined) inFlight.push({ candidate, result: read(candidate) });
  };
  try {
    for (let index = 0; index < IN_FLIGHT; index++) start(index);
    for (let next = IN_FLIGHT, first = inFlight.shift(); first !== undefined; next++, first = inFlight.shift()) {
      const { candidate } = first;
      const pixels = await first.result;
      start(next);
      if (pixels instanceof PictureProblem) problems.add(candidate.file, pixels.message);
      yield { candidate, pixels: pixels instanceof PictureProblem ? null : pixels };
    }
  } finally {
    // Whoever breaks off waits for what was begun, so that no file is open any more and no rejection goes unheard.
    await Promise.allSettled(inFlight.map(({ result }) => result));
  }
}

/** The words of a set, once its classes are known. */
function describer(folder: string, name: string): (classes: readonly string[]) => DatasetDescription {
  const source = `Folder ${printable(path.basename(path.resolve(folder)))}`;
  return (classes) => ({ name, source, attribution: '', classes });
}

/**
 * Leaves out classes none of whose pictures could be read. A single class tells a network nothing, so a set with one is
 * a set without classes; its source says so.
 */
function settleClasses(
  scan: FolderScan,
  labels: Int32Array,
  about: (classes: readonly string[]) => DatasetDescription,
  problems: ProblemList,
): PackResult {
  const used = new Set(labels);
  used.delete(NO_LABEL);
  const kept = scan.classes.map((name, label) => ({ name, label })).filter(({ label }) => used.has(label));
  for (const [label, name] of scan.classes.entries()) {
    if (!used.has(label)) problems.add(name, 'is a class none of whose pictures can be read; it is left out');
  }
  if (kept.length === 1) {
    const description = about([]);
    const source = `${description.source} (its only class, ${kept[0]!.name}, is no condition to learn: imported without classes)`;
    return { description: { ...description, source }, labels: labels.map(() => NO_LABEL) };
  }
  const renumbered = new Map(kept.map(({ label }, index) => [label, index]));
  return {
    description: about(kept.map(({ name }) => name)),
    labels: labels.map((label) => renumbered.get(label) ?? NO_LABEL),
  };
}

/** Better to say it before an hour of reading. The size is known; what other programs write meanwhile is not. */
async function checkSpace(target: string, sizeBytes: number): Promise<void> {
  const { bavail, bsize } = await fs.promises.statfs(path.dirname(target));
  const free = bavail * bsize;
  if (free >= sizeBytes) return;
  const megabytes = (bytes: number): string => `${count(Math.ceil(bytes / 1e6))} MB`;
  throw new AppError(
    'no-space',
    `The packed pictures need ${megabytes(sizeBytes)} and ${megabytes(free)} are free on the disk of the library. Free some space, or import at a lower resolution.`,
  );
}

function nothingUsable(folder: string, problems: ProblemList): AppError {
  const { file, reason } = problems.first()!;
  return new AppError(
    'dataset',
    `None of the pictures in ${printable(folder)} can be read: ${file} ${reason}${problems.count > 1 ? ', and so on' : ''}. Pick a folder of PNG, JPEG or WebP pictures.`,
  );
}
