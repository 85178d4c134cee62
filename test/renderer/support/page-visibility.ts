/** Puts another tab in front of the page, or the page in front again, as far as the page can tell. */
export function hidePage(hidden: boolean): void {
  Object.defineProperty(document, 'hidden', { value: hidden, configurable: true });
  document.dispatchEvent(new Event('visibilitychange'));
}
