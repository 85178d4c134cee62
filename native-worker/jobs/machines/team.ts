import { setTimeout as sleep } from 'node:timers/promises';
import { byMachine, isCard, ownOf, portOf, serverAddress, type Devices } from '../../../contract/devices.ts';
import { AppError } from '../../../contract/errors.ts';
import { checkOffer, join, lives, offer, reach, watch, type Across } from '../../../contract/machines.ts';
import type { Precision } from '../../../contract/precision.ts';
import { openWorker, type WorkerClient } from '../../client/worker-client.ts';
import { cApi } from '../../engine/session/c-api.ts';
import { startServer } from '../../engine/session/server.ts';
import { sharedSession } from '../../engine/session/shared-session.ts';
import { StepLimit } from '../../engine/session/step-limit.ts';
import { TensorFlowError, type TensorFlowCode } from '../../engine/session/tensorflow-error.ts';
import type { Joined } from '../../engine/sides.ts';
import { portIsFree, unreached } from '../../system/reach.ts';
import { trySum } from './try-sum.ts';

/** A machine that was lost while a run trained. */
export interface LostMachine {
  /** Address of its worker; null: none can be named. */
  readonly machine: string | null;
  /** What happened, one sentence. */
  readonly message: string;
}

/** What a run asks of other machines. */
export interface TeamPlan {
  readonly devices: Devices;
  readonly across: Across;
  readonly precision: Precision;
  /** Of the worker at an address. */
  readonly tokenOf: (address: string) => string;
}

/** How a team is met. */
export interface Meeting {
  /** Whether machines that aren't there are waited for; else they are a failure. */
  readonly waits: boolean;
  /** Whether the job was asked to end meanwhile. */
  readonly asked: () => boolean;
  readonly log: (level: 'info' | 'warn', text: string) => Promise<void>;
  /** Is told for whom it waits; null: for nobody any more. */
  readonly onWait: (address: string | null) => void;
}

interface Member {
  readonly worker: WorkerClient;
  readonly devices: readonly string[];
  /** What happened to it; null: nothing that is known. */
  lost: LostMachine | null;
}

/** Between two looks whether a machine is back. */
const WAIT_MS = 2000;

/** So long a worker may take for an answer that takes no work. */
const ANSWER_MS = 30_000;

/** A process that lives answers at once, whatever it computes. */
const LIVES_MS = 5000;

/** What TensorFlow says of a run whose other machines are lost. */
const LOST: ReadonlySet<TensorFlowCode> = new Set<TensorFlowCode>([
  'UNAVAILABLE',
  'DEADLINE_EXCEEDED',
  'ABORTED',
  'CANCELLED',
  'INTERNAL',
  'UNKNOWN',
  'FAILED_PRECONDITION',
]);

/**
 * Machines that train one run: this one, which is the first, and those of the workers that it names. Each has a server of
 * TensorFlow's for this run alone. After one is lost no process that took part can take part again, so the job ends.
 */
export class Team {
  readonly joined: Joined;
  /** Resolves as soon as a machine is known to be lost: TensorFlow may wait for it much longer. */
  readonly loss: Promise<LostMachine>;
  readonly #members: readonly Member[];
  readonly #hosts: readonly string[];

  private constructor(joined: Joined, members: readonly Member[], hosts: readonly string[]) {
    this.joined = joined;
    this.#members = members;
    this.#hosts = hosts;
    this.loss = Promise.race(members.map(watched));
  }

  /**
   * Connects to the workers, starts all servers and tries them: versions, who reaches whom, a sum over all devices.
   *
   * @returns null: the job was asked to end before all were there
   * @throws {AppError} 'unavailable', 'forbidden', 'conflict', 'invalid-input', 'port-in-use' or 'runtime': what is wrong
   *   with which machine
   */
  static async meet(plan: TeamPlan, meeting: Meeting): Promise<Team | null> {
    const { across, precision } = plan;
    const tensorflow = cApi().version();
    const members: Member[] = [];
    try {
      for (const { machine, parts } of byMachine(plan.devices)) {
        if (machine === null) continue;
        const worker = await arrived(machine, plan.tokenOf(machine), meeting, across.goOnWithout);
        if (worker === null) return leaving(members);
        members.push({ worker, devices: parts, lost: null });
        const offered = await again(meeting, machine, worker.call(offer, {}, ANSWER_MS));
        if (offered.tensorflow !== tensorflow) throw otherTensorFlow(machine, offered.tensorflow, tensorflow);
        checkOffer(machine, offered, parts, precision);
      }
      const own = ownOf(plan.devices);
      const hosts = [across.listen, ...members.map(({ worker }) => serverAddress(worker.address))];
      if (!(await portIsFree(portOf(across.listen)))) throw portTaken(across.listen);
      const target = startServer({ hosts, task: 0 }, sharedSession(own.some(isCard), own.length));
      const deterministic = process.env.TF_DETERMINISTIC_OPS === '1';
      const limit = new StepLimit(across.stepSeconds ?? undefined);
      const withinMs = limit.startMs;
      await Promise.all(
        members.map(({ worker, devices }, index) => {
          const asked = {
            hosts: [...hosts],
            task: index + 1,
            devices: [...devices],
            precision,
            deterministic,
            withinMs,
          };
          return again(meeting, worker.address, worker.call(join, asked, withinMs + ANSWER_MS));
        }),
      );
      const counts = [own.length, ...members.map(({ devices }) => devices.length)];
      const joined: Joined = { target, devices: counts, limit };
      const team = new Team(joined, members, hosts);
      const walls = await team.#walls();
      if (walls.length > 0) {
        const gone = await team.#whoIsLost();
        if (gone !== null) throw new LostAtStart(gone);
        const unreached = new AppError('unavailable', `${walls.join(' ')} All machines must reach all.`);
        await again(meeting, null, Promise.reject(unreached));
      }
      const lost = team.loss.then((machine) => Promise.reject(new LostAtStart(machine)));
      await Promise.race([trySum(joined, withinMs), lost]).catch(async (error: unknown) => {
        const found = await team.lost(error);
        throw found === null ? error : new LostAtStart(found, error);
      });
      return team;
    } catch (error) {
      leaving(members);
      throw error;
    }
  }

  /**
   * What an error says of the machines.
   *
   * @returns null: nothing, it has another cause
   */
  async lost(error: unknown): Promise<LostMachine | null> {
    if (!(error instanceof TensorFlowError) || !LOST.has(error.code)) return null;
    const found = await this.#whoIsLost();
    if (found !== null) return found;
    const late = error.code === 'DEADLINE_EXCEEDED';
    const walls = await this.#walls();
    if (walls.length > 0)
      return { machine: null, message: `The connection between machines was lost. ${walls.join(' ')}` };
    if (!late && error.code !== 'UNAVAILABLE') return null;
    const what = late ? 'did not end in time' : 'broke off';
    return {
      machine: null,
      message: `A step on several machines ${what}, though all of them answer: ${error.message}.`,
    };
  }

  /** Lets the other machines go: the processes of the run there end. */
  leave(): void {
    leaving(this.#members);
  }

  async #whoIsLost(): Promise<LostMachine | null> {
    const lost = await Promise.all(this.#members.map((member) => whyLost(member)));
    return lost.find((one) => one !== null) ?? null;
  }

  /** Who doesn't reach whom, a sentence each. */
  async #walls(): Promise<string[]> {
    const [own, ...others] = this.#hosts;
    const names = new Map(this.#members.map(({ worker }, index) => [others[index]!, worker.address]));
    names.set(own!, `this machine at ${own!}`);
    const sentence = (from: string, { address, reason }: { address: string; reason: string }): string =>
      `${from} can’t reach ${names.get(address) ?? address} (${address}: ${reason}).`;
    const ours = (await unreached(others)).map((one) => sentence('This machine', one));
    const theirs = await Promise.all(
      this.#members.map(async ({ worker }, index) => {
        const addresses = this.#hosts.filter((host) => host !== others[index]);
        const answer = await worker.call(reach, { addresses }, ANSWER_MS).catch(() => null);
        return answer?.unreached.map((one) => sentence(worker.address, one)) ?? [];
      }),
    );
    return [...ours, ...theirs.flat()];
  }
}

/** A machine was lost while the team met. */
class LostAtStart extends AppError {
  readonly lost: LostMachine;

  constructor(lost: LostMachine, cause?: unknown) {
    super('unavailable', lost.message, { cause });
    this.lost = lost;
  }
}

/** The machine that was lost while a team met; null: the error says something else. */
export function lostAtStart(error: unknown): LostMachine | null {
  return error instanceof LostAtStart ? error.lost : null;
}

function leaving(members: readonly Member[]): null {
  for (const { worker } of members) worker.close();
  return null;
}

/**
 * What a machine answers to a run that has lost one before: if it refuses, it has been lost once more. To a run that somebody
 * has just started a refusal is a refusal.
 */
async function again<T>({ waits }: Meeting, machine: string | null, answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    if (waits && error instanceof AppError) throw new LostAtStart({ machine, message: error.message }, error);
    throw error;
  }
}

/**
 * A worker, as soon as it is there and free; where the run goes on without it, it is looked for twice.
 *
 * @returns null: the job was asked to end before
 */
async function arrived(
  address: string,
  token: string,
  meeting: Meeting,
  goOnWithout: boolean,
): Promise<WorkerClient | null> {
  if (!meeting.waits) return openWorker(address, token);
  for (let told = false; ; told = true) {
    const found = await freeWorker(address, token);
    if (!(found instanceof AppError)) {
      if (told) meeting.onWait(null);
      return found;
    }
    if (told && goOnWithout) throw new LostAtStart({ machine: address, message: found.message });
    if (!told) await meeting.log('info', `The run waits for ${address}. ${found.message}`);
    meeting.onWait(address);
    await sleep(WAIT_MS);
    if (meeting.asked()) return null;
  }
}

/** A worker that nobody uses, or why it isn't there. @throws {AppError} for what waiting doesn't mend */
async function freeWorker(address: string, token: string): Promise<WorkerClient | AppError> {
  let worker: WorkerClient | null = null;
  try {
    worker = await openWorker(address, token);
    if (!(await worker.call(offer, {}, ANSWER_MS)).busy) return worker;
    worker.close();
    return new AppError('conflict', 'Another run computes there.');
  } catch (error) {
    worker?.close();
    if (error instanceof AppError && error.code === 'unavailable') return error;
    throw error;
  }
}

function lostBecause({ worker }: Member, why: string): LostMachine {
  return {
    machine: worker.address,
    message: `${worker.address} was lost: ${why}. What was trained after the last checkpoint is trained again.`,
  };
}

/** Resolves when a machine is lost: its worker can't be reached, or says that the process is gone. */
async function watched(member: Member): Promise<LostMachine> {
  const { worker } = member;
  const said = await worker.call(watch, {}).catch(() => null);
  if (said === null) await worker.closed;
  const why = said === null ? WORKER_GONE : `${PROCESS_GONE}, ${said.end}`;
  return (member.lost = lostBecause(member, why));
}

const WORKER_GONE = 'its worker is gone, or can’t be reached';
const PROCESS_GONE = 'the process that computes there is gone';

async function whyLost(member: Member): Promise<LostMachine | null> {
  const { worker } = member;
  if (member.lost !== null) return member.lost;
  const lost = (why: string): LostMachine => lostBecause(member, why);
  try {
    const answer = await worker.call(lives, { withinMs: LIVES_MS }, 2 * LIVES_MS);
    if (answer.lives) return null;
    return lost(
      answer.end === null ? 'the process that computes there does not answer' : `${PROCESS_GONE}, ${answer.end}`,
    );
  } catch {
    return lost('its worker does not answer');
  }
}

function otherTensorFlow(machine: string, theirs: string, ours: string): AppError {
  return new AppError(
    'conflict',
    `${machine} has TensorFlow ${theirs}, this machine ${ours}. Install the same version of EDM2 Studio on both, with the same runtime.`,
  );
}

function portTaken(listen: string): AppError {
  return new AppError(
    'port-in-use',
    `Port ${portOf(listen)} of this machine is taken by another program; the other machines are to reach TensorFlow's server there. Choose another one (--listen).`,
  );
}
