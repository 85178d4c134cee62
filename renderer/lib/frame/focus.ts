import type { Attachment } from 'svelte/attachments';

/** Where the focus is when what had it has gone, or another page has come: never nowhere. */

/** The next page that comes takes the focus. */
let awaited = false;

/** Another page has come: the focus goes to its heading, which says what it is; now or as soon as the page knows it. */
export function focusPage(): void {
  awaited = true;
  focusHeading(document);
}

/** The head of a page. */
export const pageHead: Attachment<HTMLElement> = (element) => focusHeading(element);

function focusHeading(place: ParentNode): void {
  const heading = awaited ? place.querySelector<HTMLElement>('h1') : null;
  if (heading === null) return;
  awaited = false;
  heading.tabIndex = -1;
  heading.focus({ preventScroll: true });
}

const FOCUSABLE =
  'a[href], button:not(:disabled), input:not(:disabled), select:not(:disabled), textarea:not(:disabled), summary, [tabindex]:not([tabindex="-1"])';

/**
 * Watches what has the focus. When it is taken away (a dialog that closes, a button that another replaces, a row that is
 * deleted), the nearest to its place takes over, of those in the smallest part of the page that is still there; where nothing
 * is left of it, the page's heading.
 *
 * @returns to be called when the frame is taken down
 */
export function keepFocus(): () => void {
  /** What had the focus, and what it lay in, from inside out; empty: nothing, or the user has left it. */
  let path: Element[] = [];
  let place: DOMRect | null = null;

  const focused = ({ target }: FocusEvent): void => {
    // A menu gives the focus back to what opened it, which is what counts.
    if (!(target instanceof HTMLElement) || target === document.body || target.closest('[role=menu]') !== null) return;
    path = ancestors(target);
    place = target.getBoundingClientRect();
  };
  const pressed = ({ target }: PointerEvent): void => {
    if (target instanceof Element && target.closest(FOCUSABLE) === null) path = [];
  };
  const observer = new MutationObserver(() => {
    const [lost] = path;
    const active = document.activeElement;
    if (lost === undefined || (active !== null && active !== document.body)) return;
    if (lost.isConnected && !lost.matches(':disabled')) (lost as HTMLElement).focus({ preventScroll: true });
    else takeOver(path, place!);
  });
  document.addEventListener('focusin', focused);
  document.addEventListener('pointerdown', pressed);
  observer.observe(document.body, {
    childList: true,
    subtree: true,
    attributes: true,
    attributeFilter: ['disabled', 'open'],
  });
  return () => {
    observer.disconnect();
    document.removeEventListener('focusin', focused);
    document.removeEventListener('pointerdown', pressed);
  };
}

function ancestors(element: Element): Element[] {
  const path: Element[] = [];
  for (let one: Element | null = element; one !== null && one !== document.body; one = one.parentElement)
    path.push(one);
  return path;
}

function takeOver(path: readonly Element[], place: DOMRect): void {
  for (const part of path.slice(1)) {
    if (!part.isConnected) continue;
    if (part.id === 'main' || part.contains(document.getElementById('main'))) break; // nothing is left of what it was in
    const near = nearest([...part.querySelectorAll<HTMLElement>(FOCUSABLE)], place);
    if (near === null) continue;
    near.focus({ preventScroll: true });
    return;
  }
  focusPage();
}

function nearest(elements: readonly HTMLElement[], { left, top }: DOMRect): HTMLElement | null {
  const distance = (element: HTMLElement): number => {
    const box = element.getBoundingClientRect();
    return Math.hypot(box.left - left, box.top - top);
  };
  return elements.reduce<HTMLElement | null>(
    (best, element) => (best === null || distance(element) < distance(best) ? element : best),
    null,
  );
}
