/** What is read of many runs is shown together, this often at most: each time a page makes all its curves anew. */
const TOGETHER_MS = 60;

let last = -Infinity;
let next: Promise<void> | null = null;

/** Waits until what has come may be shown: not at all if nothing was for a while. */
export function together(): Promise<void> {
  if (next !== null) return next;
  const wait = last + TOGETHER_MS - performance.now();
  if (wait <= 0) {
    last = performance.now();
    return Promise.resolve();
  }
  next = new Promise((resolve) => {
    setTimeout(() => {
      last = performance.now();
      next = null;
      resolve();
    }, wait);
  });
  return next;
}
