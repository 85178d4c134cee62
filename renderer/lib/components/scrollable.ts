import type { Attachment } from 'svelte/attachments';

const FOCUSABLE = 'a[href], button:not(:disabled), input:not(:disabled), select, textarea, summary, [tabindex="0"]';

/**
 * Makes an area that scrolls a stop for the Tab key while there is more in it than is seen and nothing in it takes the focus:
 * the arrow keys scroll it then.
 *
 * @param label what the area holds, for screen readers
 */
export function scrollable(label: string): Attachment<HTMLElement> {
  return (element) => {
    function look(): void {
      const more = element.scrollHeight > element.clientHeight || element.scrollWidth > element.clientWidth;
      const stops = more && element.querySelector(FOCUSABLE) === null;
      const attributes = { tabindex: '0', role: 'group', 'aria-label': label };
      for (const [name, value] of Object.entries(attributes)) {
        if (stops) element.setAttribute(name, value);
        else element.removeAttribute(name);
      }
    }
    const resized = new ResizeObserver(look);
    const changed = new MutationObserver(look);
    resized.observe(element);
    changed.observe(element, { childList: true, subtree: true });
    look();
    return () => {
      resized.disconnect();
      changed.disconnect();
    };
  };
}
