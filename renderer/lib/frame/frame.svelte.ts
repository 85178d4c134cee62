import { settings } from '../state/settings.svelte.ts';
import { dialogIsOpen } from '../dialog-steps.ts';
import { href, router, type Route } from '../router.svelte.ts';

const RAIL_KEY = 'rail-collapsed';

/** Whether a key press belongs to what is being typed or chosen, not to the page. */
export function isTyping(event: KeyboardEvent): boolean {
  const target = event.target;
  return (
    target instanceof Element &&
    target.closest(
      'input:not([type=checkbox], [type=radio], [type=range]), textarea, select, [contenteditable=true]',
    ) !== null
  );
}

/** What is open in the frame around the page, and the keys that work everywhere. */
class Frame {
  paletteOpen = $state(false);
  keysOpen = $state(false);
  railCollapsed = $state(localStorage.getItem(RAIL_KEY) === 'true');

  toggleRail(): void {
    this.railCollapsed = !this.railCollapsed;
    localStorage.setItem(RAIL_KEY, String(this.railCollapsed));
  }

  skipToPage(event: Event): void {
    event.preventDefault();
    document.getElementById('main')?.focus();
  }

  key(event: KeyboardEvent): void {
    const own = this.paletteOpen || this.keysOpen;
    if (dialogIsOpen() && !own) return;
    const command = event.ctrlKey || event.metaKey;
    if (command && event.key.toLowerCase() === 'k') {
      event.preventDefault();
      this.keysOpen = false;
      this.paletteOpen = !this.paletteOpen;
    } else if (command && event.key === ',') {
      event.preventDefault();
      this.paletteOpen = false;
      this.keysOpen = false;
      router.go({ page: 'settings' });
    } else if (command && event.key === '\\') {
      event.preventDefault();
      this.toggleRail();
    } else if (event.key === '?' && !isTyping(event) && !command && settings.current.singleKeys) {
      event.preventDefault();
      this.keysOpen = !this.keysOpen;
    }
  }
}

export const frame = new Frame();

/** The pages of the rail by their names; each has an icon in `Rail.svelte`. */
export type PageName = 'Runs' | 'Compare' | 'Ablation' | 'EMA lab' | 'Generate' | 'Data';

interface RailPage {
  readonly label: PageName;
  readonly route: Route;
  /** Pages while which it is the current one of the rail. */
  readonly belongs: readonly Route['page'][];
}

const inOrder: readonly RailPage[] = [
  { label: 'Runs', route: { page: 'runs', trash: false }, belongs: ['runs', 'run', 'new'] },
  { label: 'Compare', route: { page: 'compare', runs: [] }, belongs: ['compare'] },
  { label: 'Ablation', route: { page: 'ablation', name: null }, belongs: ['ablation'] },
  { label: 'EMA lab', route: { page: 'ema-lab', run: null, at: null, sigma: null }, belongs: ['ema-lab'] },
  {
    label: 'Generate',
    route: { page: 'generate', snapshot: null, sample: null, reconstruction: null },
    belongs: ['generate'],
  },
  { label: 'Data', route: { page: 'data', id: null }, belongs: ['data'] },
];

/** The pages of the rail, in order. */
export const pages = inOrder.map((page) => ({ ...page, href: href(page.route) }));
