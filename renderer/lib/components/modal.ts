import type { Attachment } from 'svelte/attachments';
import { dialogOpened } from '../dialog-steps.ts';

/**
 * Makes a native dialog a window over the page: it holds the focus, first on its first field, and closes on Esc, on a
 * click beside it and by the back button. Its `onclose` must take it away.
 */
export const modal: Attachment<HTMLDialogElement> = (element) => {
  element.showModal();
  firstField(element).focus();
  const closed = dialogOpened(() => element.close());
  const click = (event: MouseEvent): void => {
    if (event.target === element) element.close();
  };
  // Layers of the page listen on the document and would take it for theirs: a tooltip, above all.
  const key = (event: KeyboardEvent): void => {
    if (event.key === 'Escape') event.stopPropagation();
  };
  element.addEventListener('click', click);
  element.addEventListener('keydown', key);
  return () => {
    element.removeEventListener('click', click);
    element.removeEventListener('keydown', key);
    element.close();
    closed();
  };
};

/** Where the focus goes: what asks for it, the first field, the first button of the foot, or the dialog as a whole. */
function firstField(dialog: HTMLDialogElement): HTMLElement {
  const enabled = ':not(:disabled, [tabindex="-1"])';
  return (
    dialog.querySelector<HTMLElement>('[autofocus]') ??
    dialog.querySelector<HTMLElement>(`input${enabled}, select${enabled}, textarea${enabled}`) ??
    dialog.querySelector<HTMLElement>('.foot button:not(:disabled)') ??
    dialog
  );
}
