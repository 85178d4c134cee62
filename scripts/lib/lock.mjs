/** One set-up at a time in a checkout: two `npm ci` at once delete each other's packages. Built-ins only. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** How often a waiting process looks whether the other is done. */
const WAIT_MS = 300;

/**
 * Runs `work` while no other living process does so with the same lock file. A lock whose process is gone is taken over.
 *
 * @param {string} path
 * @param {() => Promise<T>} work looks itself whether what it does has been done meanwhile
 * @param {(owner: number) => void} onWait called once, if another process has to be waited for
 * @returns {Promise<T>}
 * @template T
 */
export async function alone(path, work, onWait) {
  mkdirSync(dirname(path), { recursive: true });
  let told = false;
  while (!take(path)) {
    const owner = ownerOf(path);
    if (owner !== 0 && isAlive(owner)) {
      if (!told) onWait(owner);
      told = true;
      await sleep(WAIT_MS);
    } else {
      // An empty lock was made this instant: its owner gets a moment to write its number.
      if (owner === 0) await sleep(WAIT_MS);
      if (ownerOf(path) === owner) rmSync(path, { force: true });
    }
  }
  const release = () => rmSync(path, { force: true });
  process.once('exit', release); // Ctrl+C leaves by exit, too
  try {
    return await work();
  } finally {
    process.off('exit', release);
    release();
  }
}

function take(path) {
  try {
    writeFileSync(path, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  }
}

/** @returns 0 where nobody has written a number, or the lock is gone */
function ownerOf(path) {
  try {
    return Number(readFileSync(path, 'utf8')) || 0;
  } catch {
    return 0; // released this instant; the next attempt finds out
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM'; // it lives, but belongs to somebody else
  }
}
