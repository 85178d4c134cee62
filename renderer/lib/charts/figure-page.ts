import { getContext, onDestroy, setContext } from 'svelte';
import { theme } from '../state/theme.svelte.ts';
import { attempt } from '../state/toasts.svelte.ts';
import { download, fileName } from './export.ts';
import { figureSvg, type Figure } from './figure.ts';
import { pngOf } from './svg-picture.ts';

/** What is common to the files of a page's charts. */
interface FigurePage {
  /** Of what all of them are; null: their legends say it. */
  readonly subject: () => string | null;
  readonly figures: Set<PageFigure>;
}

/** A chart or map that is drawn on a page. */
interface PageFigure {
  readonly figure: () => Figure;
  readonly element: () => HTMLElement | undefined;
}

/** The figures of a page, from its top to its end. */
export interface PageFigures {
  readonly all: () => readonly Figure[];
  /** Whether one is drawn within an element. */
  readonly within: (element: Element) => boolean;
}

const KEY = Symbol('figures of a page');

/**
 * Makes a page's charts say what they are of, and gives all of them.
 *
 * @param subject the run's name; null: legends name the runs
 */
export function figurePage(subject: () => string | null): PageFigures {
  const page: FigurePage = { subject, figures: new Set() };
  setContext(KEY, page);
  return {
    all: () => inOrder([...page.figures]).map(({ figure }) => figure()),
    within: (element) => [...page.figures].some((one) => element.contains(one.element() ?? null)),
  };
}

interface Drawn {
  /** Of its files. */
  readonly title: () => string;
  readonly figure: () => Figure;
  /** Its values as a table. */
  readonly csv: (() => string) | undefined;
  /** Something of it on the page. */
  readonly element: () => HTMLElement | undefined;
}

/** Says that a component draws a figure. @returns what its menu offers */
export function drawsFigure({ title, figure: make, csv, element }: Drawn) {
  const page = getContext<FigurePage | undefined>(KEY);
  const subject = (): string | null => page?.subject() ?? null;
  const figure = (): Figure => {
    const [name, made] = [subject(), make()];
    return name === null ? made : { ...made, words: [name, ...made.words] };
  };
  const mine: PageFigure = { figure, element };
  page?.figures.add(mine);
  onDestroy(() => page?.figures.delete(mine));
  const name = (ending: string): string => fileName([subject() ?? '', title()].join(' '), ending);
  const save = (ending: string, type: string, text: string): void => download(name(ending), new Blob([text], { type }));
  return [
    { label: 'Save as PNG', onselect: () => void savePng(figure(), name('png')) },
    { label: 'Save as SVG', onselect: () => save('svg', 'image/svg+xml', drawing(figure()).text) },
    ...(csv ? [{ label: 'Save as CSV', onselect: () => save('csv', 'text/csv', csv()) }] : []),
  ];
}

function inOrder(figures: PageFigure[]): PageFigure[] {
  return figures.sort((a, b) => {
    const [first, second] = [a.element(), b.element()];
    if (!first || !second) return 0;
    return first.compareDocumentPosition(second) & Node.DOCUMENT_POSITION_PRECEDING ? 1 : -1;
  });
}

const drawing = (figure: Figure) => figureSvg(figure, (token) => theme.color(token), theme.color('--font'));

async function savePng(figure: Figure, name: string): Promise<void> {
  await attempt(async () => {
    download(name, await pngOf(drawing(figure)));
  });
}
