import type { Logger } from 'pino';
import { existsSync } from 'node:fs';
import { basename, sep } from 'node:path';
import {
  datasetChanged,
  runChanged,
  runLogged,
  runRewound,
  reconstructionsChanged,
  runMeasured,
  runTicked,
  sampleAdded,
  snapshotsChanged,
} from '../../contract/events.ts';
import { profileAdded } from '../../contract/profile.ts';
import { tuningChanged } from '../../contract/tuning.ts';
import type { ImportProblem } from '../../contract/datasets.ts';
import { AppError } from '../../contract/errors.ts';
import { devicesWithout } from '../../contract/machines.ts';
import { endNotRecorded, lostTooOften } from '../../contract/job-failures.ts';
import type { JobMessage } from '../../contract/job-messages.ts';
import type { Job, JobParameters } from '../../contract/jobs.ts';
import type { LogLine } from '../../contract/runs.ts';
import { isFull, isLocked } from '../../contract/system-errors.ts';
import { getDataset } from '../store/datasets.ts';
import type { EndedJob } from '../store/jobs.ts';
import type { Library } from '../store/library.ts';
import { getLogLine, insertLog } from '../store/log.ts';
import { insideLibrary, jobFolder } from '../store/paths.ts';
import { lossesOf, setLosses } from '../store/jobs.ts';
import { getProfile } from '../store/profiles.ts';
import { getRun, getRunSummary, runsOfDataset, setDevices, setRunDevice, setRunState } from '../store/runs.ts';
import { getSample } from '../store/samples.ts';
import { getTuning } from '../store/tunings.ts';
import { write } from '../store/statements.ts';
import { takeInDataset } from './dataset-intake.ts';
import type { Events } from './events.ts';
import type { JobEnd, Loss } from './job-end.ts';
import type { JobWatcher } from './queue.ts';
import { keepDatasetRecord, keepRunRecord } from './records.ts';

/** A run that lost a machine so often in a row, before a step was taken, is not tried again. */
const MOST_LOSSES = 10;

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
      case 'rewound':
        if (runId === null) return;
        this.#events.emit(runRewound, { runId, nimg: message.nimg });
        this.#events.emit(snapshotsChanged, { runId });
        this.#events.emit(reconstructionsChanged, { runId });
        return this.announceRun(runId);
      case 'ticked':
        if (runId === null) return;
        this.#events.emit(runTicked, { runId, ticks: message.ticks });
        return this.#tellRun(runId);
      case 'measured':
        if (runId === null) return;
        return this.#events.emit(runMeasured, { runId, nimg: message.nimg });
      case 'logged':
        if (runId === null) return;
        return this.#events.emit(runLogged, { runId, line: getLogLine(db, message.logId) });
      case 'snapshots':
        if (runId === null) return;
        keepRunRecord({ library: this.#library, log: this.#log }, runId); // as far as it can be resumed
        return this.#events.emit(snapshotsChanged, { runId });
      case 'sampled':
        this.#events.emit(sampleAdded, getSample(db, message.sampleId));
        if (runId !== null) this.#tellRun(runId);
        return;
      case 'profiled':
        return this.#events.emit(profileAdded, getProfile(db, message.profileId));
      case 'tuned':
        return this.#events.emit(tuningChanged, getTuning(db, message.tuningId));
      case 'progress': // kept by the queue
      case 'stepping': // the queue's, too
      case 'ended': // comes again with the exit
        return;
      default:
        message satisfies never;
    }
  }

  async onEnd(jobId: number, parameters: JobParameters, end: JobEnd): Promise<EndedJob | null> {
    const runId = parameters.kind === 'train' ? parameters.runId : null;
    try {
      if (runId !== null && end.loss !== undefined) return this.#goOnAfter(jobId, runId, end, end.loss);
      const made = end.made === null ? {} : await this.#takeIn(jobId, parameters, end.made);
      if (runId !== null) write(this.#library.db, () => this.#endRun(runId, end));
      if (end.failure !== null) this.#log.error({ job: jobId, parameters, end }, 'a job failed');
      if (end.state === 'again') return null;
      return { state: end.state, error: end.failure?.message ?? null, errorCode: end.failure?.code ?? null, ...made };
    } catch (error) {
      // Then we are asked again.
      if (runId !== null && !isLocked(error) && !isFull(error)) this.#failRun(runId, endNotRecorded);
      throw error;
    }
  }

  onUnreadable({ id, kind, runId }: Job, reason: string): void {
    this.#log.error({ job: id, reason }, 'a job can not be read');
    if (kind === 'train' && runId !== null) this.#failRun(runId, reason);
  }

  /** Something about a run has changed: everybody is told, and it is written beside its files. */
  announceRun(runId: number): void {
    this.#tellRun(runId);
    keepRunRecord({ library: this.#library, log: this.#log }, runId);
  }

  /** Kept reconstructions of a run were made, renamed or deleted: the same. */
  announceReconstructions(runId: number): void {
    this.#events.emit(reconstructionsChanged, { runId });
    keepRunRecord({ library: this.#library, log: this.#log }, runId);
  }

  #tellRun(runId: number): void {
    this.#events.emit(runChanged, getRunSummary(this.#library.db, runId));
  }

  /** Writes a line into a run's log and tells everybody. */
  writeLog(runId: number, level: LogLine['level'], text: string): void {
    const { db } = this.#library;
    const id = insertLog(db, { runId, nimg: getRunSummary(db, runId).nimg, level, text });
    this.#events.emit(runLogged, { runId, line: getLogLine(db, id) });
  }

  /** What a job made is taken into the library, and told. @returns how its row names it */
  async #takeIn(
    jobId: number,
    parameters: JobParameters,
    made: NonNullable<JobEnd['made']>,
  ): Promise<Pick<EndedJob, 'sampleId' | 'datasetId'>> {
    switch (made.kind) {
      case 'sampled':
        this.#events.emit(sampleAdded, getSample(this.#library.db, made.sampleId));
        return { sampleId: made.sampleId };
      case 'imported':
        return { datasetId: await this.#takeInDataset(jobId, made.file, made.problems) };
      case 'reconstructed':
        if (parameters.kind === 'reconstruct') this.announceReconstructions(parameters.request.runId);
        return {};
      default:
        return made satisfies never;
    }
  }

  /**
   * A run that lost a machine goes on from its last checkpoint: when the machine is back, or at once without it.
   *
   * @returns null: its job goes back to the queue; else how it failed
   */
  #goOnAfter(jobId: number, runId: number, end: JobEnd, loss: Loss): EndedJob | null {
    const { db } = this.#library;
    return write(db, () => {
      const losses = loss.stepped ? 1 : lossesOf(db, jobId) + 1;
      const failure = losses >= MOST_LOSSES ? lostTooOften(losses) : null;
      this.#endRun(runId, end);
      if (failure !== null) {
        this.#failRun(runId, failure.message);
        return { state: 'failed', error: failure.message, errorCode: failure.code };
      }
      const run = getRun(db, runId);
      const rest = devicesWithout(run, run.config.training.batchSize, loss.machine);
      if (rest !== null) {
        setDevices(db, runId, rest);
        this.writeLog(runId, 'warn', `It goes on without ${loss.machine!}: on ${rest.join(', ')}.`);
      }
      setLosses(db, jobId, losses);
      return null;
    });
  }

  #endRun(runId: number, end: JobEnd): void {
    if (end.run === null) return;
    for (const { level, text } of end.log) this.writeLog(runId, level, text);
    this.#setRun(runId, end.run, end.failure?.message);
  }

  #failRun(runId: number, error: string): void {
    this.writeLog(runId, 'error', error);
    this.#setRun(runId, 'failed', error);
  }

  #setRun(runId: number, state: Parameters<typeof setRunState>[2], error: string | null = null): void {
    setRunState(this.#library.db, runId, state, error);
    this.announceRun(runId);
  }

  /** @param file the packed file in the job's own folder, relative to the library */
  async #takeInDataset(jobId: number, file: string, problems: ImportProblem[]): Promise<number> {
    const { folder, db } = this.#library;
    const packed = insideLibrary(folder, file);
    if (!packed.startsWith(insideLibrary(folder, jobFolder(jobId)) + sep) || !existsSync(packed)) {
      throw new AppError('dataset', `The import left no file ${basename(file)} behind; import the folder again.`);
    }
    const id = await takeInDataset(this.#library, packed, problems);
    keepDatasetRecord({ library: this.#library, log: this.#log }, id);
    const dataset = getDataset(db, id);
    this.#events.emit(datasetChanged, dataset);
    // If they were lost before, there are runs already, which show its name and say its hash.
    for (const run of runsOfDataset(db, id)) {
      this.writeLog(run.id, 'info', `The pictures of dataset "${dataset.name}" were imported again.`);
      this.announceRun(run.id);
    }
    return id;
  }
}
