/** One set-up at a time in a checkout: two `npm ci` at once delete each other's packages. Built-ins only. */
import { mkdirSync, readFileSync, readlinkSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** How often a waiting process looks whether the other is done. */
const WAIT_MS = 300;

/**
 * An owner touches its lock so often, and one in another container that has not done so for so long is dead: from here
 * its number says nothing. Ten touches, so that a machine that is busy does not count as one.
 */
const LIFE = { touchMs: 1000, silentMs: 10_000 };

/**
 * Runs `work` while no other living process does so with the same lock file. A lock whose process is gone is taken over,
 * also where its number belongs to another process by now: in a container the same program gets the same one at each start.
 *
 * @param {string} path
 * @param {() => Promise<T>} work looks itself whether what it does has been done meanwhile
 * @param {(owner: number) => void} onWait called once, if another process has to be waited for
 * @param {{ touchMs: number, silentMs: number }} life a parameter for tests
 * @returns {Promise<T>}
 * @template T
 */
export async function alone(path, work, onWait, life = LIFE) {
  mkdirSync(dirname(path), { recursive: true });
  const isTouched = watchTouches(path, life.silentMs);
  const ours = mark();
  let told = false;
  while (!take(path, ours)) {
    const owner = ownerOf(path);
    if (owner.pid !== 0 && (isElsewhere(owner) ? isTouched() : isAlive(owner))) {
      if (!told) onWait(owner.pid);
      told = true;
      await sleep(WAIT_MS);
    } else {
      // An empty lock was made this instant: its owner gets a moment to write its number.
      if (owner.pid === 0) await sleep(WAIT_MS);
      if (ownerOf(path).text === owner.text) rmSync(path, { force: true });
    }
  }
  const touching = setInterval(() => isOurs(path, ours) && touch(path), life.touchMs);
  touching.unref();
  const release = () => isOurs(path, ours) && rmSync(path, { force: true });
  process.once('exit', release); // Ctrl+C leaves by exit, too
  try {
    return await work();
  } finally {
    clearInterval(touching);
    process.off('exit', release);
    release();
  }
}

/** What a lock of ours says: number, birth, and in which numbering of processes the number counts. */
const mark = () => `${process.pid} ${birthOf(process.pid)} ${numbering()}`;

function take(path, text) {
  try {
    writeFileSync(path, text, { flag: 'wx' });
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  }
}

/** @returns pid 0 where nobody has written a number, or the lock is gone */
function ownerOf(path) {
  try {
    const text = readFileSync(path, 'utf8');
    const [pid, birth = '', numbers = ''] = text.split(' ');
    return { pid: Number(pid) || 0, birth, numbers, text };
  } catch {
    return { pid: 0, birth: '', numbers: '', text: '' }; // released this instant; the next attempt finds out
  }
}

function isOurs(path, text) {
  return ownerOf(path).text === text;
}

function touch(path) {
  try {
    utimesSync(path, new Date(), new Date());
  } catch (error) {
    if (error.code !== 'ENOENT') throw error; // the folder of the lock was removed: nobody can wait for it
  }
}

/** @returns tells whether a lock was touched within the last `silentMs`, by a clock that nobody sets */
function watchTouches(path, silentMs) {
  let last = null;
  return () => {
    const touched = statSync(path, { throwIfNoEntry: false })?.mtimeMs;
    if (last === null || touched !== last.touched) last = { touched, at: performance.now() };
    return performance.now() - last.at < silentMs;
  };
}

/** Whether an owner is a process of another container, whose numbers are not ours. */
function isElsewhere({ numbers }) {
  return numbers !== '' && numbers !== numbering();
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
    return `${start}:${bootId()}`;
  } catch {
    return ''; // not Linux
  }
}

/** In which numbering of processes ours counts: each container has its own, each start of the machine new ones. */
function numbering() {
  try {
    return `${readlinkSync('/proc/self/ns/pid')}:${bootId()}`;
  } catch {
    return ''; // not Linux
  }
}

function bootId() {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
}
