import * as z from 'zod';

/**
 * Which library is meant. A copy of a library has the same id, a library that was made anew in the same place may have
 * the same device and inode, and one that was moved has another path: two that live are the same only if id, device and
 * inode are. Nothing of it is kept beyond the life of a process but the id, so a library that was moved, renamed or
 * mounted elsewhere is itself.
 */
export const LibraryIdentity = z.strictObject({
  /** Random, made with the index and kept in it. */
  id: z.string().max(64),
  /** Absolute path of the folder when it was opened, for sentences. */
  path: z.string(),
  /** The folder's device and inode, decimal, as the system says them: they may be larger than a number can hold. */
  device: z.string().regex(/^\d+$/),
  inode: z.string().regex(/^\d+$/),
});
export type LibraryIdentity = z.infer<typeof LibraryIdentity>;

/** As one word, for the command line of a job. */
export function identityWord({ id, device, inode }: LibraryIdentity): string {
  return `${id}:${device}:${inode}`;
}
