import type { Logger } from 'pino';
import { existsSync } from 'node:fs';
import { basename, sep } from 'node:path';
import {
  datasetChanged,
  runChanged,
  runLogged,
  reconstructionsChanged,
  runTicked,
  sampleAdded,
  snapshotsChanged,
} from '../../contract/events.ts';
import type { ImportProblem } from '../../contract/datasets.ts';
import { AppError } from '../../contract/errors.ts';
import type { JobMessage, JobOutcome } from '../../contract/job-messages.ts';
import type { JobParameters } from '../../contract/jobs.ts';
import { imagesAtOnce, memoryAdvice } from '../../contract/memory-advice.ts';
import { planNetwork } from '../../contract/architecture.ts';
import type { LogLine } from '../../contract/runs.ts';
import { machineMemory } from '../engine/runtime/memory.ts';
import { checkpointsToResume } from '../store/checkpoints.ts';
import { getDataset } from '../store/datasets.ts';
import type { JobEnd } from '../store/jobs.ts';
import type { Library } from '../store/library.ts';
import { getLogLine, insertLog } from '../store/log.ts';
import { insideLibrary, jobFolder } from '../store/paths.ts';
import { getRun, getRunSummary, setRunDevice, setRunState } from '../store/runs.ts';
import { getSample } from '../store/samples.ts';
import { takeInDataset } from './dataset-intake.ts';
import type { Events } from './events.ts';
import { crashFailure, type Crash, type JobEnding } from './job-process.ts';
import type { JobWatcher } from './queue.ts';

/** What jobs mean to the library: states of runs, new datasets, and the news of both for everybody connected. */
export class JobOutcomes implements JobWatcher {
  readonly #library: Library;
  readonly #events: Events;
  readonly #log: Logger;

  constructor(parts: { library: Library; events: Events; log: Logger }) {
    this.#library = parts.library;
    this.#events = parts.events;
    this.#log = parts.log;
  }

  onStart(_jobId: number, parameters: JobParameters): void {
    if (parameters.kind === 'train') this.#setRun(parameters.runId, 'running');
  }

  onMessage(_jobId: number, parameters: JobParameters, message: JobMessage): void {
    const { db } = this.#library;
    const runId = parameters.kind === 'train' ? parameters.runId : null;
    switch (message.type) {
      case 'device':
        if (runId === null) return;
        setRunDevice(db, runId, message.device);
        return this.announceRun(runId);
      case 'ticked':
        if (runId === null) return;
        this.#events.emit(runTicked, { runId, ticks: message.ticks });
        return this.announceRun(runId);
      case 'logged':
        if (runId === null) return;
        return this.#events.emit(runLogged, { runId, line: getLogLine(db, message.logId) });
      case 'snapshots':
        if (runId === null) return;
        return this.#events.emit(snapshotsChanged, { runId });
      case 'sampled':
        this.#events.emit(sampleAdded, getSample(db, message.sampleId));
        if (runId !== null) this.announceRun(runId);
        return;
      case 'progress': // kept by the queue
      case 'stepping': // the queue's, too
      case 'ended': // comes again with the exit
        return;
      default:
        message satisfies never;
    }
  }

  async onEnd(jobId: number, parameters: JobParameters, ending: JobEnding): Promise<JobEnd> {
    try {
      if (ending.kind === 'crash') return this.#crashed(parameters, ending);
      if (ending.kind === 'cut') return this.#cut(parameters, ending.asked);
      return await this.#ended(jobId, parameters, ending.outcome);
    } catch (error) {
      if (parameters.kind === 'train')
        this.#failRun(parameters.runId, 'Training ended, but its end could not be recorded; resume it.');
      throw error;
    }
  }

  /** Tells everybody what a run is like now. */
  announceRun(runId: number): void {
    this.#events.emit(runChanged, getRunSummary(this.#library.db, runId));
  }

  /** Writes a line into a run's log and tells everybody. */
  writeLog(runId: number, level: LogLine['level'], text: string): void {
    const { db } = this.#library;
    const id = insertLog(db, { runId, nimg: getRunSummary(db, runId).nimg, level, text });
    this.#events.emit(runLogged, { runId, line: getLogLine(db, id) });
  }

  async #ended(jobId: number, parameters: JobParameters, outcome: JobOutcome): Promise<JobEnd> {
    const runId = parameters.kind === 'train' ? parameters.runId : null;
    switch (outcome.kind) {
      case 'finished':
      case 'paused':
      case 'stopped':
        if (runId !== null) this.#setRun(runId, outcome.kind);
        return { state: 'done' };
      case 'sampled':
        this.#events.emit(sampleAdded, getSample(this.#library.db, outcome.sampleId));
        return { state: 'done', sampleId: outcome.sampleId };
      case 'reconstructed':
        if (parameters.kind === 'reconstruct')
          this.#events.emit(reconstructionsChanged, { runId: parameters.request.runId });
        return { state: 'done' };
      case 'imported':
        return { state: 'done', datasetId: await this.#takeIn(jobId, outcome.file, outcome.problems) };
      case 'cancelled':
        if (runId !== null) this.#setRun(runId, this.#canResume(runId) ? 'paused' : 'stopped');
        return { state: 'cancelled' };
      case 'failed':
        if (runId !== null) this.#failRun(runId, outcome.message);
        return { state: 'failed', error: outcome.message, errorCode: outcome.code };
      default:
        return outcome satisfies never;
    }
  }

  #crashed(parameters: JobParameters, ending: Crash): JobEnd {
    const what = {
      train: 'The training process',
      sample: 'The process that drew pictures',
      import: 'The import',
      reconstruct: 'The reconstruction',
    }[parameters.kind];
    const { code, message } = crashFailure(what, ending, this.#memoryAdvice(parameters));
    this.#log.error({ parameters, ending }, 'a job crashed');
    if (parameters.kind === 'train') {
      if (ending.lastLines.length > 0) this.writeLog(parameters.runId, 'error', ending.lastLines.join('\n'));
      this.#failRun(parameters.runId, message);
    }
    return { state: 'failed', error: message, errorCode: code };
  }

  /** Its process was killed because it was asked to end and its first step did not. There was nothing to save. */
  #cut(parameters: JobParameters, asked: 'pause' | 'stop' | 'cancel'): JobEnd {
    if (parameters.kind === 'train') {
      const state = asked === 'pause' ? 'paused' : 'stopped';
      this.writeLog(
        parameters.runId,
        'info',
        `${state === 'paused' ? 'Paused' : 'Stopped'} before the first step was done.`,
      );
      this.#setRun(parameters.runId, state);
    }
    return { state: 'cancelled' };
  }

  /** What to do when a job ran out of memory, as a sentence. */
  #memoryAdvice(parameters: JobParameters): string {
    if (parameters.kind === 'train') {
      const { config, shape } = getRun(this.#library.db, parameters.runId);
      const plan = planNetwork(config.network, shape);
      return memoryAdvice(plan, config.training, machineMemory(), imagesAtOnce(config.training));
    }
    if (parameters.kind === 'sample' && parameters.request.batchSize > 1) {
      return `Batch size ${Math.floor(parameters.request.batchSize / 2)} gives the same pictures in less memory.`;
    }
    return 'Close what else uses the memory.';
  }

  #failRun(runId: number, error: string): void {
    this.writeLog(runId, 'error', error);
    this.#setRun(runId, 'failed', error);
  }

  #setRun(runId: number, state: Parameters<typeof setRunState>[2], error: string | null = null): void {
    setRunState(this.#library.db, runId, state, error);
    this.announceRun(runId);
  }

  #canResume(runId: number): boolean {
    return checkpointsToResume(this.#library.db, runId).length > 0;
  }

  /** @param file the packed file in the job's own folder, relative to the library */
  async #takeIn(jobId: number, file: string, problems: ImportProblem[]): Promise<number> {
    const { folder, db } = this.#library;
    const packed = insideLibrary(folder, file);
    if (!packed.startsWith(insideLibrary(folder, jobFolder(jobId)) + sep) || !existsSync(packed)) {
      throw new AppError('dataset', `The import left no file ${basename(file)} behind; import the folder again.`);
    }
    const id = await takeInDataset(this.#library, packed, problems);
    this.#events.emit(datasetChanged, getDataset(db, id));
    return id;
  }
}
