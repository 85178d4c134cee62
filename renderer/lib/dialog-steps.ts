/**
 * Open dialogs as the back button sees them: each is a step of the history, and going back closes it. A page that is gone to
 * from a dialog takes the place of the dialog's step.
 */

/** What closes them, the outermost first. */
const open: (() => void)[] = [];

/** What waits until the step of a dialog that has closed is taken back to that of so many; null: none is being. */
let takingBack: { readonly to: number; readonly waiting: (() => void)[] } | null = null;

/** What the page's own step is to say once no dialog's is above it; null: what it says. */
let renamed: string | null = null;

// A reload leaves a step of a dialog that is open no more, and so does going forward again.
forgetClosed();

window.addEventListener('popstate', () => {
  while (open.length > level()) open.pop()!();
  if (takingBack === null) forgetClosed();
  if (renamed !== null && level() === 0) {
    window.history.replaceState(null, '', renamed);
    renamed = null;
  }
  if (takingBack === null || level() > takingBack.to) return;
  const { waiting } = takingBack;
  takingBack = null;
  for (const act of waiting) act();
});

/** A dialog has opened. @param close closes it @returns to be called once when it has closed, by whatever */
export function dialogOpened(close: () => void): () => void {
  open.push(close);
  afterTakingBack(() => {
    if (open.includes(close)) window.history.pushState({ dialog: open.indexOf(close) + 1 }, '');
  });
  return () => {
    const index = open.indexOf(close);
    if (index === -1) return; // by going back
    open.splice(index, 1);
    if (level() <= index) return; // another page has taken its place
    takingBack = { to: index, waiting: [] };
    window.history.back();
  };
}

/** Whether one is open: then keys are its own, and no page hears them. */
export function dialogIsOpen(): boolean {
  return open.length > 0;
}

/** Changes what the page's step says: a changed filter, a chosen tab. */
export function renameStep(address: string): void {
  if (level() > 0) renamed = address;
  else window.history.replaceState(null, '', address);
}

/** Writes a new step into the history, in the place of that of a dialog that is open. */
export function newStep(address: string): void {
  afterTakingBack(() => {
    renamed = null;
    if (level() > 0) window.history.replaceState(null, '', address);
    else window.history.pushState(null, '', address);
  });
}

function afterTakingBack(act: () => void): void {
  if (takingBack === null) act();
  else takingBack.waiting.push(act);
}

/** A step of a dialog that is not open becomes one of the page. */
function forgetClosed(): void {
  if (level() > open.length) window.history.replaceState(null, '');
}

/** So many dialogs are open at the present step of the history. */
function level(): number {
  const state: unknown = window.history.state;
  return typeof state === 'object' && state !== null && 'dialog' in state ? Number(state.dialog) : 0;
}
