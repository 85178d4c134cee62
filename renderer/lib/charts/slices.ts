/** Work that is done a little in each frame, so that what moves goes on moving. */

/** Milliseconds of a frame for all of it together. */
const BUDGET_MS = 5;

const waiting = new Set<Iterator<unknown>>();
let frame = 0;

/** Does work until it is done, a step at a time and each time some steps. @returns what gives it up */
export function inSlices(work: Iterator<unknown>): () => void {
  waiting.add(work);
  frame ||= requestAnimationFrame(slice);
  return () => waiting.delete(work);
}

function slice(): void {
  const until = performance.now() + BUDGET_MS;
  frame = 0;
  for (const work of waiting) {
    // Whoever has had a turn goes behind the others.
    waiting.delete(work);
    let done = false;
    while (!done && performance.now() < until) done = work.next().done === true;
    if (!done) waiting.add(work);
    if (performance.now() >= until) break;
  }
  if (waiting.size > 0) frame ||= requestAnimationFrame(slice);
}
