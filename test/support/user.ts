/**
 * As whom tests run. Root may play other users, give them files and mount disks; what only root can try is no test of
 * an ordinary user's at all, so it does not count as skipped there: nothing is missing that could be installed.
 */

export const asRoot = process.getuid?.() === 0;

/** A user who is not root, and of whom the system knows no name. */
export const STRANGER = 12_345;

/** For `spawn`: a program that an ordinary user starts. Root plays one; everybody else is one. */
export const ordinaryUser = asRoot ? { uid: STRANGER, gid: STRANGER } : {};

/** Defines tests that only root can make. */
export function forRoot(define: () => void): void {
  if (asRoot) define();
}
