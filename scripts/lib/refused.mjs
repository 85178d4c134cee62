/** What the system refuses while the scripts prepare the program, as sentences. Built-ins only. */
import { tmpdir } from 'node:os';
import { resolve, sep } from 'node:path';
import { root } from './project.mjs';

const FULL = ['ENOSPC', 'EDQUOT'];
const DENIED = ['EACCES', 'EPERM', 'EROFS'];

/** Whether the system lets nothing be written there. */
export function isDenied(error) {
  return DENIED.includes(error?.code);
}

/**
 * What to say of an error that ends a script: what happened and what to do; where it was is told to who asks for it.
 *
 * @param {unknown} error anything that was thrown
 * @returns {string}
 */
export function sentenceOf(error) {
  const where = typeof error?.path === 'string' ? error.path : null;
  if (where !== null && isIn(tmpdir(), where) && !ownFolders().some((folder) => isIn(folder, where)))
    return `The folder for temporary files can't be used (${error.code}, ${where}). Set TMPDIR to one where there is room and you may write, then start again.`;
  if (FULL.includes(error?.code)) return `The disk of ${where ?? root} is full. Make room, then start again.`;
  if (isDenied(error) && where !== null) {
    if (isIn(root, where))
      return `EDM2 Studio's own folder ${root} has to be set up, and you may not write there (${where}). Let its owner run "npm run setup" in it, or use a copy of your own.`;
    return `The system does not allow access to ${where}. Change who may use it, then start again.`;
  }
  const hint = process.env.EDM2_DEBUG === '1' ? `\n${error?.stack}` : ' EDM2_DEBUG=1 shows where.';
  return `EDM2 Studio could not be started: ${error instanceof Error ? error.message : String(error)}.${hint}`;
}

/** Folders that TMPDIR does not move, wherever they lie. */
function ownFolders() {
  return [root, process.env.EDM2_CACHE ?? ''].filter((folder) => folder !== '').map((folder) => resolve(folder));
}

function isIn(folder, path) {
  return `${path}${sep}`.startsWith(folder.endsWith(sep) ? folder : `${folder}${sep}`);
}
