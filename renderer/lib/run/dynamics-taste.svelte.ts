import { DynamicsKind } from '../../../contract/dynamics.ts';

const KEY = 'dynamics-maps';

/** The three that the paper is about. */
const USUAL: readonly DynamicsKind[] = ['activation', 'weight', 'relative-update'];

/** Which maps Dynamics tabs show: the same for every run, remembered in this browser. */
class DynamicsTaste {
  /** The usual first, then in the order in which they are recorded. */
  kinds: readonly DynamicsKind[] = $state.raw(USUAL);
  /** The map that is to be brought into sight; whoever has done so takes it away. */
  wanted: DynamicsKind | null = $state(null);

  constructor() {
    const text = localStorage.getItem(KEY);
    if (text === null) return;
    const words = text.split(' ');
    this.kinds = ordered(DynamicsKind.options.filter((kind) => words.includes(kind)));
  }

  /** Adds a map where it is not there, and brings it into sight. */
  show(kind: DynamicsKind): void {
    this.#set([...this.kinds, kind]);
    this.wanted = kind;
  }

  hide(kind: DynamicsKind): void {
    this.#set(this.kinds.filter((other) => other !== kind));
  }

  showUsual(): void {
    this.#set(USUAL);
  }

  #set(kinds: readonly DynamicsKind[]): void {
    this.kinds = ordered(kinds);
    localStorage.setItem(KEY, this.kinds.join(' '));
  }
}

function ordered(kinds: readonly DynamicsKind[]): DynamicsKind[] {
  return [...new Set([...USUAL, ...DynamicsKind.options])].filter((kind) => kinds.includes(kind));
}

export const dynamicsTaste = new DynamicsTaste();
