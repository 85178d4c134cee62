import { createHash } from 'node:crypto';
import fs, { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, vi } from 'vitest';
import type { JobMessage, JobOutcome } from '../../contract/job-messages.ts';
import type { RunConfig } from '../../contract/training.ts';
import type { Requested } from '../../native-worker/jobs/context.ts';
import { runTrain } from '../../native-worker/jobs/train.ts';
import { checkpointsToResume } from '../../native-worker/store/checkpoints.ts';
import type { Library } from '../../native-worker/store/library.ts';
import { patiently } from '../../native-worker/store/patience.ts';
import { openSafetensors } from '../../native-worker/store/safetensors.ts';
import { readTicks } from '../../native-worker/store/ticks.ts';
import { makeContext, makeLibrary, makeRun } from './training-library.ts';

/** The library of the test that runs. */
export let library: Library;
export let datasetId: number;

/** Gives each test of a file a library of its own. */
export function eachInItsLibrary(): void {
  let remove: () => void;
  beforeEach(async () => {
    ({ library, datasetId, remove } = await makeLibrary());
  });
  afterEach(() => {
    vi.restoreAllMocks();
    remove();
  });
}

/** Trains a run in this process until it ends or `request` says otherwise. */
export async function train(
  runId: number,
  request?: (messages: readonly JobMessage[]) => Requested,
): Promise<{ outcome: JobOutcome; messages: JobMessage[] }> {
  const parameters = { kind: 'train', runId, engine: 'graph' } as const;
  const { context, messages } = await patiently(() => makeContext(library, parameters, request));
  return { outcome: await runTrain(context, parameters), messages };
}

/** What was asked between the nth step and the next. */
export function afterSteps(steps: number, what: Requested): () => Requested {
  let asked = 0;
  return () => (asked++ < steps ? null : what);
}

export const ticksOf = (runId: number) => readTicks(library.db, runId, { afterNimg: -1, maxPoints: 1000 });

/** Does something before a checkpoint file is opened to be written. */
export function onOpeningCheckpoint(act: () => void | Promise<void>): void {
  const open = fs.promises.open;
  vi.spyOn(fs.promises, 'open').mockImplementation(async (path, flags, mode) => {
    if (String(path).includes('/checkpoints/.')) await act();
    return await open(path, flags, mode);
  });
}

/** Makes the newest checkpoint of a run one of an earlier version, which doesn't say of what masks are drawn. */
export function forgetMasks(runId: number): void {
  const { file } = checkpointsToResume(library.db, runId)[0]!;
  const path = join(library.folder, file);
  const bytes = readFileSync(path);
  const from = bytes.indexOf(',"masks":"whole batch"');
  expect(from).toBeGreaterThan(0);
  bytes.fill(' ', from, from + ',"masks":"whole batch"'.length);
  writeFileSync(path, bytes);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  library.db.prepare('UPDATE checkpoints SET sha256 = ? WHERE file = ?').run(sha256, file);
}

/** Every tensor of a file, as bytes. */
export function tensorsOf(file: string): Map<string, unknown> {
  const opened = openSafetensors(join(library.folder, file));
  try {
    return new Map([...opened.tensors.keys()].map((name) => [name, opened.read(name)]));
  } finally {
    opened.close();
  }
}

export function lastState(runId: number): Map<string, unknown> {
  return tensorsOf(checkpointsToResume(library.db, runId)[0]!.file);
}

export const newRun = (config: RunConfig): number => makeRun(library, datasetId, config);
