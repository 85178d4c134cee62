import { AppError } from '../../../contract/errors.ts';

export interface Toast {
  readonly id: number;
  readonly tone: 'plain' | 'good' | 'bad';
  readonly text: string;
  /** Technical text that unfolds; null: none. */
  readonly details: string | null;
  readonly action: { readonly label: string; readonly run: () => void } | null;
}

/** Long enough to read a sentence and reach the Undo button. */
const SHOWN_MS = 7000;

class Toasts {
  list: readonly Toast[] = $state.raw([]);
  #nextId = 1;
  readonly #timers = new Map<number, ReturnType<typeof setTimeout>>();

  /** Shows a sentence at the foot of the window for a while; failures stay until they are dismissed. */
  show(toast: Partial<Omit<Toast, 'id'>> & { text: string }): void {
    const id = this.#nextId++;
    const full: Toast = { id, tone: 'plain', details: null, action: null, ...toast };
    this.list = [...this.list.slice(-2), full];
    if (full.tone !== 'bad') this.resume(id);
  }

  dismiss(id: number): void {
    this.pause(id);
    this.list = this.list.filter((toast) => toast.id !== id);
  }

  /** The time stands still while somebody points at a toast or has the focus in it. */
  pause(id: number): void {
    clearTimeout(this.#timers.get(id));
    this.#timers.delete(id);
  }

  resume(id: number): void {
    const toast = this.list.find((candidate) => candidate.id === id);
    if (!toast || toast.tone === 'bad') return;
    this.pause(id);
    this.#timers.set(
      id,
      setTimeout(() => this.dismiss(id), SHOWN_MS),
    );
  }

  /** Says what failed: the sentence of an expected error, or that there is a bug, with its text to unfold. */
  fail(error: unknown): void {
    if (error instanceof AppError) {
      this.show({ tone: 'bad', text: error.message });
      return;
    }
    const details = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    this.show({ tone: 'bad', text: 'Something in this page failed.', details });
  }
}

export const toasts = new Toasts();

/** Runs an action of the user; a failure becomes a toast and the answer undefined. */
export async function attempt<T>(action: () => Promise<T>): Promise<T | undefined> {
  try {
    return await action();
  } catch (error) {
    toasts.fail(error);
    return undefined;
  }
}
