/** Somewhat more than the window: what is scrolled to has been drawn by then. */
const MARGIN = '200px';

/** Whether an element can be seen, so that what can't isn't drawn in each frame. */
export class InSight {
  is = $state(true);

  /** @returns ends it */
  watch(element: Element): () => void {
    if (typeof IntersectionObserver === 'undefined') return () => undefined; // everything counts as seen
    const observer = new IntersectionObserver(
      (entries) => {
        this.is = entries.at(-1)!.isIntersecting;
      },
      { rootMargin: MARGIN },
    );
    observer.observe(element);
    return () => observer.disconnect();
  }
}
