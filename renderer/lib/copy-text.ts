/**
 * Puts text into the clipboard. The asynchronous clipboard needs a permission (which the app denies to its own page
 * like every other) and a secure address, so the old way by selection is the one that works everywhere.
 *
 * @returns whether it worked
 */
export function copyText(text: string): boolean {
  const before = document.activeElement;
  const area = document.createElement('textarea');
  area.value = text;
  area.className = 'unseen';
  // Inside an open dialog everything else is inert, and inert text can't be selected.
  (document.querySelector('dialog[open]') ?? document.body).append(area);
  area.select();
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- see above
  const copied = document.execCommand('copy');
  area.remove();
  if (before instanceof HTMLElement) before.focus();
  return copied;
}
