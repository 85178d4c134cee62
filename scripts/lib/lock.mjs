/** One set-up at a time in a checkout: two `npm ci` at once delete each other's packages. Built-ins only. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** How often a waiting process looks whether the other is done. */
const WAIT_MS = 300;

/**
 * Runs `work` while no other living process does so with the same lock file. A lock whose process is gone is taken over,
 * also where its number belongs to another process by now: in a container the same program gets the same one at each start.
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
    if (owner.pid !== 0 && isAlive(owner)) {
      if (!told) onWait(owner.pid);
      told = true;
      await sleep(WAIT_MS);
    } else {
      // An empty lock was made this instant: its owner gets a moment to write its number.
      if (owner.pid === 0) await sleep(WAIT_MS);
      const { pid, birth } = ownerOf(path);
      if (pid === owner.pid && birth === owner.birth) rmSync(path, { force: true });
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
    writeFileSync(path, `${process.pid} ${birthOf(process.pid)}`, { flag: 'wx' });
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  }
}

/** @returns pid 0 where nobody has written a number, or the lock is gone */
function ownerOf(path) {
  try {
    const [pid, birth = ''] = readFileSync(path, 'utf8').split(' ');
    return { pid: Number(pid) || 0, birth };
  } catch {
    return { pid: 0, birth: '' }; // released this instant; the next attempt finds out
  }
}

function isAlive({ pid, birth }) {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (error.code !== 'EPERM') return false; // EPERM: it lives, but belongs to somebody else
  }
  const found = birthOf(pid);
  return found === '' || found === birth;
}

/**
 * What two processes of one number have not in common: when they were started, in ticks since the machine was, and since
 * which start of the machine that counts.
 *
 * @returns '' where the process is gone or the system does not tell; then the number alone decides
 */
function birthOf(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The second field is the name in brackets and may hold blanks and brackets; the 22nd is the start.
    const start = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
    return `${start}:${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()}`;
  } catch {
    return ''; // not Linux
  }
}
