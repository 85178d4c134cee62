/** Starting programs on the terminal, and ending cleanly with Ctrl+C. Built-ins only. */
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { SetupError } from './project.mjs';
import { sentenceOf } from './refused.mjs';

/** Exit status for a process ended by a signal, as shells count it. */
const signalBase = 128;

/**
 * Runs a program on our terminal until it ends. Signals reach it too: Ctrl+C by the terminal itself, others from here.
 *
 * @returns {Promise<number>} exit status; 127 where there is no such program
 */
export function run(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: 'inherit', ...options });
    const forward = (signal) => child.kill(signal);
    const ignore = () => undefined; // the terminal sent it to the child as well; we leave when it has ended
    process.on('SIGINT', ignore);
    process.on('SIGTERM', forward);
    process.on('SIGHUP', forward);
    const finish = () => {
      process.off('SIGINT', ignore);
      process.off('SIGTERM', forward);
      process.off('SIGHUP', forward);
    };
    child.on('error', (error) => {
      finish();
      if (error.code === 'ENOENT') resolve(127);
      else reject(error);
    });
    child.on('exit', (status, signal) => {
      finish();
      resolve(status ?? signalBase + (constants.signals[signal] ?? 1));
    });
  });
}

/**
 * Runs a program and keeps what it prints.
 *
 * @returns {Promise<{ status: number, output: string }>} exit status, and stdout and stderr as they came
 */
export function runQuietly(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
    const chunks = [];
    child.stdout.on('data', (chunk) => chunks.push(chunk));
    child.stderr.on('data', (chunk) => chunks.push(chunk));
    child.on('error', reject);
    child.on('close', (status, signal) => {
      resolve({
        status: status ?? signalBase + (constants.signals[signal] ?? 1),
        output: Buffer.concat(chunks).toString('utf8'),
      });
    });
  });
}

/** Runs a script's body: whatever it throws becomes a sentence on stderr and exit status 1. */
export async function main(body) {
  try {
    process.exitCode = (await body()) ?? 0;
  } catch (error) {
    process.stderr.write(`${error instanceof SetupError ? error.message : sentenceOf(error)}\n`);
    process.exitCode = 1;
  }
}
