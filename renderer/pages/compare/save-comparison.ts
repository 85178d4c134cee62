import { runFindings } from '../../../contract/findings.ts';
import { download, fileName } from '../../lib/charts/export.ts';
import type { PageFigures } from '../../lib/charts/figure-page.ts';
import { lastAt } from '../../lib/charts/series.ts';
import { client } from '../../lib/client/index.ts';
import type { RunData } from '../../lib/run/run-data.svelte.ts';
import { dayAndTime } from '../../lib/format.ts';
import { runDifferences } from '../../lib/run/run-differences.ts';
import { sheetAddress } from '../../lib/run/sample-words.ts';
import { comparisonPage, type Comparison, type Grid } from './comparison-page.ts';

/** What the page shows. */
interface Shown {
  readonly runs: readonly RunData[];
  readonly figures: PageFigures;
  /** Training images at which its clock stands. */
  readonly clock: number;
  readonly lead: (runId: number) => number;
}

/** Saves what the page shows as one HTML file. */
export async function saveComparison(shown: Shown): Promise<void> {
  const comparison = await readComparison(shown);
  const file = new Blob([comparisonPage(comparison)], { type: 'text/html' });
  download(fileName(comparison.title, 'html'), file);
}

async function readComparison({ runs, figures, clock, lead }: Shown): Promise<Comparison> {
  const shown = runs.map((data) => data.run!);
  // What is drawn is taken now: the page may change while the rest is read.
  const drawn = figures.all();
  const panels = [...document.querySelectorAll('.panel section[aria-label]')];
  const grids: Grid[] = [];
  const findings: Comparison['findings'][number][] = [];
  for (const data of runs) {
    const { name } = data.run!;
    grids.push(await gridAt(data, clock));
    findings.push({ run: name, findings: await client.call(runFindings, { id: data.id }) });
  }
  return {
    title: titleOf(shown.map(({ name }) => name)),
    saved: dayAndTime(Date.now()),
    runs: shown,
    lead,
    figures: drawn,
    leftOut: panels.filter((panel) => !figures.within(panel)).map((panel) => panel.getAttribute('aria-label')!),
    clock,
    grids,
    differences: runDifferences(shown),
    findings,
  };
}

/** "C and G", "C, G and 3 others". */
function titleOf(names: readonly string[]): string {
  const others = names.length - 2;
  if (others <= 0) return names.join(' and ');
  return `${names[0]!}, ${names[1]!} and ${others} ${others === 1 ? 'other' : 'others'}`;
}

async function gridAt(data: RunData, nimg: number): Promise<Grid> {
  const run = data.run!.name;
  const index = lastAt(
    data.samples.map((sample) => sample.nimg),
    nimg,
  );
  const sample = data.samples[index];
  if (sample === undefined) return { run, drawn: null };
  const response = await fetch(sheetAddress(sample.id));
  return { run, drawn: response.ok ? { nimg: sample.nimg, data: await dataAddress(await response.blob()) } : null };
}

function dataAddress(picture: Blob): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.addEventListener('load', () => resolve(reader.result as string));
    reader.addEventListener('error', () => reject(new Error('A picture could not be read')));
    reader.readAsDataURL(picture);
  });
}
