/** Least distance of a note from the edges of the window, and from its word, in CSS pixels. */
const MARGIN = 8;
const GAP = 4;

/** Puts a note under its word, or above it where there is no room under it, and wholly into the window. */
export function placeNote(note: HTMLElement, word: HTMLElement): void {
  const at = word.getBoundingClientRect();
  const { width, height } = note.getBoundingClientRect();
  const { clientWidth, clientHeight } = document.documentElement;
  const under = at.bottom + GAP;
  const top = under + height + MARGIN <= clientHeight ? under : at.top - GAP - height;
  note.style.left = `${Math.max(MARGIN, Math.min(at.left, clientWidth - width - MARGIN))}px`;
  note.style.top = `${Math.max(MARGIN, top)}px`;
}
