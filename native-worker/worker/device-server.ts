/**
 * A process that lends this machine's devices to a run of another machine: `node device-server.ts`, with the environment of
 * a job. The first line that it reads says with whom; then a server of TensorFlow's listens, until the input ends or the
 * process that started it does. To each further line it answers that it lives. It answers in lines of JSON.
 */
import { createInterface } from 'node:readline';
import { reasonOf } from '../../contract/system-errors.ts';
import { cApi } from '../engine/session/c-api.ts';
import { endWithParent } from '../engine/session/end-with-parent.ts';
import { startServer } from '../engine/session/server.ts';
import { sharedSession } from '../engine/session/shared-session.ts';
import { setTensorFloat32 } from '../engine/session/tensor-float-32.ts';
import { Lending, type LendingAnswer } from './lending.ts';

function answer(said: LendingAnswer): void {
  process.stdout.write(`${JSON.stringify(said)}\n`);
}

function lend(line: string): LendingAnswer {
  const { hosts, task, cards, devices } = Lending.parse(JSON.parse(line));
  setTensorFloat32();
  startServer({ hosts, task }, sharedSession(cards, devices));
  return { kind: 'listening', tensorflow: cApi().version() };
}

cApi(); // its settings come before any other library's
endWithParent();
// Ctrl+C in a terminal, and a scheduler's warning, reach all processes; the worker decides what they mean.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => undefined);
let lends = false;
createInterface({ input: process.stdin })
  .on('line', (line) => {
    if (lends) return answer({ kind: 'lives' });
    lends = true;
    try {
      answer(lend(line));
    } catch (error) {
      answer({ kind: 'failed', message: reasonOf(error) });
    }
  })
  .on('close', () => process.exit(0));
