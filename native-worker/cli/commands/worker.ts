import { randomBytes } from 'node:crypto';
import type { Command } from 'commander';
import { pino } from 'pino';
import { TRUST } from '../../../contract/machines.ts';
import { startWorker } from '../../worker/worker.ts';
import { LONGEST_WAIT_SECONDS, numberFrom, wholeNumber } from '../arguments.ts';
import { EXIT_INTERRUPTED, withoutService } from '../command.ts';
import { onInterrupt } from '../interrupt.ts';
import { addressNamed, needTrust, TRUSTED_HELP } from '../machine-options.ts';
import type { Output } from '../output.ts';

interface WorkerCommandOptions {
  readonly listen: string;
  readonly trustedNetwork?: boolean;
  readonly threads?: string;
  readonly silence: string;
}

/** `edm2 worker`: lends this machine's devices to runs of another machine, until Ctrl+C. */
export function addWorker(program: Command): void {
  program
    .command('worker')
    .description('lend this machine’s devices to runs of another machine')
    .requiredOption(
      '--listen <host:port>',
      'address under which the other machine reaches this one; TensorFlow takes the port behind it, too',
    )
    .option('--trusted-network', TRUSTED_HELP)
    .option('--threads <n>', 'threads of the processor’s kernels; default: one a core')
    .option('--silence <seconds>', 'how long a run’s machine may be silent until its run is ended here', '30')
    .action(async (options: WorkerCommandOptions, command: Command) => {
      await withoutService(command, async (output) => {
        needTrust(options);
        await work(output, {
          address: addressNamed(options.listen, '--listen'),
          threads: options.threads === undefined ? null : wholeNumber(options.threads, '--threads', 1024),
          silenceMs: 1000 * numberFrom(options.silence, '--silence', 1, LONGEST_WAIT_SECONDS),
        });
      });
    });
}

/** How a worker works, whatever started it. */
export interface Work {
  readonly address: string;
  readonly threads: number | null;
  readonly silenceMs: number;
  /** Default: EDM2_WORKER_TOKEN, or one that it makes up and prints. */
  readonly token?: string;
  /** Ends by itself if nobody whom it belongs to comes within so many ms; default: it waits for ever. */
  readonly ownerWithinMs?: number;
}

/** Works until Ctrl+C, or until whom it belongs to has left. */
export async function work(output: Output, { address, token: given, ...how }: Work): Promise<void> {
  const known = given ?? process.env.EDM2_WORKER_TOKEN ?? '';
  const token = known === '' ? randomBytes(24).toString('base64url') : known;
  const tell = (text: string): void => {
    output.event('worker', { text });
    output.say(text);
  };
  const log = pino({ level: 'warn' }, process.stderr);
  const worker = await startWorker({ address, token, ...how, log, tell });
  output.event('listening', { address, ...(known === '' ? { token } : {}) });
  output.say(`Worker at ${address}. ${TRUST}`);
  if (known === '')
    output.say(`Its token: ${token}\nGive it under "Machines" of a new run there, or as EDM2_WORKER_TOKEN.`);
  const stopListening = onInterrupt(
    () => {
      output.say('Ends as soon as no run computes here; Ctrl+C again ends now.');
      worker.leaveAfterRun();
    },
    () => process.exit(EXIT_INTERRUPTED),
  );
  try {
    await worker.ended;
  } finally {
    stopListening();
  }
}
