import { planNetwork } from '../../contract/architecture.ts';
import { shareOn } from '../../contract/devices.ts';
import {
  crashFailure,
  endedBeforeFirstStep,
  jobBug,
  lostWithService,
  type Crash,
  type Failure,
  type MemoryUse,
} from '../../contract/job-failures.ts';
import type { EndRequest, JobOutcome } from '../../contract/job-messages.ts';
import type { JobParameters } from '../../contract/jobs.ts';
import { trainingOf, type LogLine, type RunState } from '../../contract/runs.ts';
import { systemFailure } from '../../contract/system-errors.ts';
import { machineMemory } from '../engine/runtime/memory.ts';
import type { Library } from '../store/library.ts';
import { getRun } from '../store/runs.ts';

/** How a job ends: the one place that turns what is seen of its process into what the library says of it. */

/** What is known of a job's process once it is gone. */
export interface JobExit extends Crash {
  /** Its last word; null: it had none. */
  readonly outcome: JobOutcome | null;
}

/** What the service did to a job before it ended. */
export interface Asked {
  /** What it asked of it last; null: nothing. */
  readonly request: EndRequest | null;
  /** It killed it, because it did not end. */
  readonly killed: boolean;
  /** The service itself ends. */
  readonly closing: boolean;
}

/** A machine that was lost while it trained a run. */
export interface Loss {
  /** Its address; null: none can be named. */
  readonly machine: string | null;
  /** Whether a step was taken before. */
  readonly stepped: boolean;
}

/** What becomes of a job, and of the run that it trained. */
export interface JobEnd {
  /** `again`: it goes back to the queue. */
  readonly state: 'done' | 'failed' | 'cancelled' | 'again';
  /** What it made: a sheet of pictures, a packed dataset, averages; null: nothing but what is in its run. */
  readonly made: Extract<JobOutcome, { kind: 'sampled' | 'imported' | 'reconstructed' }> | null;
  /** Why it failed; null: it did not. */
  readonly failure: Failure | null;
  /** State of the run that it trained; null: it trained none. */
  readonly run: Extract<RunState, 'finished' | 'paused' | 'stopped' | 'failed' | 'queued'> | null;
  /** What the job learned of the machines that trained with it; absent: nothing. */
  readonly loss?: Loss;
  /** Lines for that run's log, in this order. */
  readonly log: readonly Pick<LogLine, 'level' | 'text'>[];
}

/**
 * @param exit what is seen of its process
 * @returns null: the service's own end interrupted it, and it waits for the next start
 */
export function jobEnd(library: Library, parameters: JobParameters, exit: JobExit, asked: Asked): JobEnd | null {
  if (exit.outcome !== null) return ofOutcome(parameters, exit.outcome, asked);
  if (parameters.kind !== 'train') {
    if (asked.closing) return null;
    if (asked.request === 'cancel') return { ...nothing, state: 'cancelled' };
    return failedEnd(parameters, crashFailure(parameters.kind, exit, memoryUse(library, parameters)));
  }
  if (asked.killed && asked.request !== null) {
    // Its first step did not end in time. There was nothing to save.
    const run = asked.request === 'pause' ? 'paused' : 'stopped';
    return { ...nothing, state: 'cancelled', run, log: [{ level: 'info', text: endedBeforeFirstStep(run) }] };
  }
  const failed = failedEnd(parameters, crashFailure('train', exit, memoryUse(library, parameters)));
  if (exit.lastLines.length === 0) return failed;
  return { ...failed, log: [{ level: 'error', text: exit.lastLines.join('\n') }, ...failed.log] };
}

/** A job that failed, whether by itself or because it could not be started or its end not be taken in. */
export function failedEnd(parameters: JobParameters, failure: Failure): JobEnd {
  if (parameters.kind !== 'train') return { ...nothing, state: 'failed', failure };
  return { ...nothing, state: 'failed', failure, run: 'failed', log: [{ level: 'error', text: failure.message }] };
}

/** What the service says of an error of its own that ends a job. */
export function failureOf(error: unknown): Failure {
  const expected = systemFailure(error);
  return expected === null ? jobBug : { code: expected.code, message: expected.message };
}

/**
 * A training job that lived on after its service had died, and nobody knows how it went.
 *
 * @param nimg training images of the checkpoint that its run can go on from; undefined: there is none
 */
export function lostEnd(nimg: number | undefined): JobEnd {
  const failure = lostWithService(nimg);
  return {
    ...nothing,
    state: 'failed',
    failure,
    run: nimg === undefined ? 'failed' : 'paused',
    log: [{ level: 'warn', text: failure.message }],
  };
}

/** A run goes on without being asked to, unless it was asked to end. */
function lostMachineEnd({ machine, stepped, message }: Extract<JobOutcome, { kind: 'lost' }>, asked: Asked): JobEnd {
  const log = [{ level: 'warn' as const, text: message }];
  if (asked.request !== null) {
    const run = asked.request === 'pause' ? 'paused' : 'stopped';
    return { ...nothing, state: 'cancelled', run, log };
  }
  return { ...nothing, state: 'again', run: 'queued', log, loss: { machine, stepped } };
}

const nothing = { made: null, failure: null, run: null, log: [] } as const;

function ofOutcome(parameters: JobParameters, outcome: JobOutcome, asked: Asked): JobEnd | null {
  const trains = parameters.kind === 'train';
  switch (outcome.kind) {
    case 'finished':
    case 'paused':
    case 'stopped':
      return { ...nothing, state: 'done', run: trains ? outcome.kind : null };
    case 'profiled':
    case 'tuned':
      return { ...nothing, state: 'done' };
    case 'sampled':
    case 'imported':
    case 'reconstructed':
      return { ...nothing, state: 'done', made: outcome };
    case 'lost':
      return lostMachineEnd(outcome, asked);
    case 'cancelled':
      if (asked.closing && !trains) return null;
      return { ...nothing, state: 'cancelled', run: trains ? 'stopped' : null };
    case 'failed':
      if (asked.closing && !trains) return null;
      return failedEnd(parameters, { code: outcome.code, message: outcome.message });
    default:
      return outcome satisfies never;
  }
}

function memoryUse({ db }: Library, parameters: JobParameters): MemoryUse {
  if (parameters.kind === 'sample') return { kind: 'sample', pictures: parameters.request.batchSize };
  if (parameters.kind !== 'train') return { kind: 'other' };
  const run = getRun(db, parameters.runId);
  return {
    kind: 'train',
    plan: planNetwork(run.config.network, run.shape),
    ...shareOn(trainingOf(run), run.devices),
    capacity: machineMemory(),
  };
}
