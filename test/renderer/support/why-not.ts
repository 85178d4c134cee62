/** Why a button can't be pressed now, as it tells screen readers, too; null: it can. */
export function whyNot(button: HTMLElement): string | null {
  if (button.hasAttribute('disabled')) return 'disabled without a reason';
  if (button.getAttribute('aria-disabled') !== 'true') return null;
  return document.getElementById(button.getAttribute('aria-describedby') ?? '')?.textContent ?? 'no reason is told';
}
