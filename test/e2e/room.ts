import type { Page } from 'playwright-core';

/**
 * What does not fit where the page stands now, a line each: a page that scrolls sideways, what reaches out of the window,
 * words that are cut or of which a shred is left, and things that lie over one another. What scrolls in a frame of its own
 * (tables, maps, logs, rows of tabs) may be wider than the window.
 */
export async function tooNarrow(page: Page): Promise<string[]> {
  const found = new Set<string>();
  do for (const fault of await faultsInSight(page)) found.add(fault);
  while (await page.evaluate(scrollOn));
  return [...found];
}

/** Scrolls the page, or the dialog over it, by most of what is in sight; false: it is at its end, and goes back to its start. */
function scrollOn(): boolean {
  const dialog = [...document.querySelectorAll('dialog:modal')].at(-1);
  const main = document.querySelector('#main');
  const parts = dialog ? [...dialog.querySelectorAll('.body, .content')] : [main, main?.parentElement];
  let moved = false;
  for (const part of parts) {
    if (!part) continue;
    const before = part.scrollTop;
    part.scrollTop += part.clientHeight * 0.8;
    moved ||= part.scrollTop > before + 1;
  }
  if (!moved) for (const part of parts) part?.scrollTo(0, 0);
  return moved;
}

function faultsInSight(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    interface Thing {
      element: Element;
      words: string;
      /** As much as its frames show. */
      seen: DOMRect;
      isText: boolean;
    }
    /** Lengths are rounded by the browser: so much is no fault. */
    const SLACK = 2;
    /** Of words that are shortened at least so much is to be seen, in pixels: some five letters. */
    const SHRED = 40;
    const found = new Set<string>();
    const top = [...document.querySelectorAll('dialog:modal')].at(-1) ?? document.body;
    const main = document.querySelector('#main');
    const screen = new DOMRect(0, 0, window.innerWidth, window.innerHeight);

    const isWide = (element: Element): boolean => element.scrollWidth > element.clientWidth + 1;
    if (isWide(document.documentElement)) found.add('the window scrolls sideways');
    for (const part of [main, main?.parentElement]) {
      if (part && isWide(part)) found.add(`the page scrolls sideways: ${part.scrollWidth} px in ${part.clientWidth}`);
    }
    for (const part of top.querySelectorAll('dialog .content'))
      if (isWide(part)) found.add('the dialog scrolls sideways');

    const meet = (a: DOMRect, b: DOMRect): DOMRect => {
      const [left, upper] = [Math.max(a.left, b.left), Math.max(a.top, b.top)];
      const [right, lower] = [Math.min(a.right, b.right), Math.min(a.bottom, b.bottom)];
      return new DOMRect(left, upper, Math.max(0, right - left), Math.max(0, lower - upper));
    };
    const isDrawn = (element: Element): boolean =>
      element.checkVisibility({ opacityProperty: true, visibilityProperty: true }) &&
      element.closest('.unseen, .skip, [hidden]') === null &&
      getComputedStyle(element).clipPath === 'none'; // else only for screen readers

    /** The part of a rectangle that its frames let through; complains of words that are cut by one that can't be scrolled. */
    const seenOf = (element: Element, whole: DOMRect, words: string | null): DOMRect => {
      let seen = whole;
      let scrolls = false;
      for (
        let frame: Element | null = element;
        frame !== null && frame !== document.body;
        frame = frame.parentElement
      ) {
        const style = getComputedStyle(frame);
        if (frame !== element && style.overflowX !== 'visible') {
          const box = frame.getBoundingClientRect();
          const cut = Math.max(box.left - seen.left, seen.right - box.right);
          const shortened = style.textOverflow === 'ellipsis';
          const mayScroll = style.overflowX === 'auto' || style.overflowX === 'scroll';
          scrolls ||= mayScroll;
          if (words !== null && cut > SLACK && !shortened && !mayScroll && !scrolls && seen.width > 0)
            found.add(`cut: “${words}”`);
          if (words !== null && cut > SLACK && shortened && box.width < SHRED)
            found.add(`a shred is left of “${words}”`);
          seen = meet(seen, box);
        }
        if (style.position === 'fixed') break;
      }
      if (!scrolls && seen.width > 0 && seen.height > 0 && seen.right > screen.right + SLACK) {
        found.add(`out of the window: “${words ?? element.outerHTML.slice(0, 60)}”`);
      }
      return meet(seen, screen);
    };

    const things: Thing[] = [];
    const texts = document.createTreeWalker(top, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
      const text = texts.currentNode;
      const element = text.parentElement!;
      const words = (text.textContent ?? '').trim().replaceAll(/\s+/g, ' ').slice(0, 50);
      if (words === '' || element.closest('script, style, option, svg') || !isDrawn(element)) continue;
      const range = document.createRange();
      range.selectNodeContents(text);
      for (const line of range.getClientRects()) {
        // An element that shortens its own words cuts them itself.
        const style = getComputedStyle(element);
        const own = element.getBoundingClientRect();
        if (style.overflowX !== 'visible' && style.display !== 'inline') {
          if (line.right > own.right + SLACK) {
            if (style.textOverflow !== 'ellipsis' && style.overflowX === 'hidden') found.add(`cut: “${words}”`);
            else if (style.textOverflow === 'ellipsis' && own.width < SHRED) found.add(`a shred is left of “${words}”`);
          }
          things.push({ element, words, seen: seenOf(element, meet(line, own), words), isText: true });
        } else things.push({ element, words, seen: seenOf(element, line, words), isText: true });
      }
    }
    for (const element of top.querySelectorAll('button, a, input, select, textarea, img, canvas, [role=progressbar]')) {
      if (!isDrawn(element)) continue;
      const words = `<${element.tagName.toLowerCase()}> ${element.getAttribute('aria-label') ?? element.textContent.trim().slice(0, 30)}`;
      things.push({ element, words, seen: seenOf(element, element.getBoundingClientRect(), null), isText: false });
    }

    /** What floats on purpose: a head that stays while its table scrolls, messages, marks on a map, grids of a wipe, what a field offers. */
    const floats = (element: Element): Element | null => {
      for (let one: Element | null = element; one !== null && one !== top; one = one.parentElement) {
        const { position } = getComputedStyle(one);
        if (position === 'sticky' || position === 'fixed') return one;
        if (one.matches('.cells, .stage > canvas, .wipe > *, [role=menu], [role=listbox]')) return one;
      }
      return null;
    };
    const floating = new Map(things.map((thing) => [thing, floats(thing.element)]));
    things.forEach((a, index) => {
      for (const b of things.slice(index + 1)) {
        if (a.element === b.element || a.element.contains(b.element) || b.element.contains(a.element)) continue;
        if (floating.get(a) !== floating.get(b)) continue;
        const { width, height } = meet(a.seen, b.seen);
        if (width > SLACK && height > SLACK + 1) found.add(`“${a.words}” lies over “${b.words}”`);
      }
    });
    return [...found];
  });
}
