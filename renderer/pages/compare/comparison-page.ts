import { runFieldNamed } from '../../../contract/run-fields.ts';
import { cellText } from '../../../contract/run-table.ts';
import type { Finding } from '../../../contract/findings.ts';
import type { Run } from '../../../contract/runs.ts';
import type { DiffRow } from '../../lib/run/config-rows.ts';
import type { RunDifferences } from '../../lib/run/run-differences.ts';
import { figureSvg, type Figure } from '../../lib/charts/figure.ts';
import { html, Markup } from '../../lib/charts/markup.ts';
import { count, day, images } from '../../lib/format.ts';
import { runMark } from '../../lib/run-colors.ts';
import tokens from '../../styles/tokens.css?raw';

/** A comparison as one file that opens without the app, a network or a script. */

export interface Comparison {
  readonly title: string;
  /** When it was saved, in words. */
  readonly saved: string;
  readonly runs: readonly Run[];
  /** The run in whose colour another is drawn, its own where it is in no group. */
  readonly lead: (runId: number) => number;
  readonly figures: readonly Figure[];
  /** Panels that are no figures. */
  readonly leftOut: readonly string[];
  /** Training images at which the clock stands. */
  readonly clock: number;
  readonly grids: readonly Grid[];
  readonly differences: RunDifferences;
  readonly findings: readonly { readonly run: string; readonly findings: readonly Finding[] }[];
}

export interface Grid {
  readonly run: string;
  /** Its newest at the clock; null: it has none. */
  readonly drawn: { readonly nimg: number; readonly data: string } | null;
}

/** Nothing of the file may run or load anything, whatever a name or a note holds. */
const POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'";

/** What is told of each run, as the table of runs does. */
const FIELDS = ['rung', 'state', 'images', 'learningRate', 'batchSize', 'precision', 'seed', 'dataset', 'validation'];

/** Writes the file. Whatever is text in it is escaped. */
export function comparisonPage(comparison: Comparison): string {
  const { title, saved, figures, leftOut } = comparison;
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content="${POLICY}" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${title}</title>
        <style>
          ${new Markup(styles())}
        </style>
      </head>
      <body>
        <main>
          <h1>${title}</h1>
          <p class="quiet">Saved ${saved} by EDM2 Studio.</p>
          ${runTable(comparison)} ${figures.map(figureSection)}
          ${
            leftOut.length > 0 &&
            html`<p class="quiet">Not in this file: ${leftOut.join(', ')}. EDM2 Studio draws what it can't hold.</p>`
          }
          ${gridSection(comparison)} ${findingSection(comparison)} ${differenceSection(comparison)}
        </main>
      </body>
    </html> `.text;
}

function runTable({ runs, lead }: Comparison): Markup {
  const fields = FIELDS.flatMap((name) => runFieldNamed(name) ?? []);
  const notes = runs.filter((run) => run.notes !== '');
  return html`<section>
    <h2>Runs</h2>
    <div class="scroll" tabindex="0" role="region" aria-label="Runs">
      <table>
        <thead>
          <tr>
            <th>Run</th>
            ${fields.map((field) => html`<th>${field.title}</th>`)}
          </tr>
        </thead>
        <tbody>
          ${runs.map(
            (run) =>
              html`<tr>
                <th class="name">${mark(lead(run.id))} ${run.name}</th>
                ${fields.map((field) => html`<td>${cellText(field, run, day)}</td>`)}
              </tr>`,
          )}
        </tbody>
      </table>
    </div>
    ${notes.map((run) => html`<p class="notes"><b>${run.name}:</b> ${run.notes}</p>`)}
  </section>`;
}

/** A piece of a run's line. */
function mark(runId: number): Markup {
  const { token, dash } = runMark(runId);
  return html`<svg class="mark" viewBox="0 0 22 8" aria-hidden="true">
    <path d="M0 4h22" stroke="var(${token})" stroke-width="2.5" stroke-dasharray="${dash.join(' ')}" />
  </svg>`;
}

function figureSection(figure: Figure): Markup {
  const drawing = figureSvg(figure, (token) => `var(${token})`, null).text;
  return html`<section>${new Markup(drawing)} ${figure.table ? valuesOf(figure) : null}</section>`;
}

function valuesOf({ title, table }: Figure): Markup | null {
  if (!table) return null;
  const { head, rows, moments } = table();
  const some = moments > rows.length ? ` ${count(rows.length)} of ${count(moments)} moments.` : '';
  return html`<details>
    <summary>${title} as numbers</summary>
    <p class="quiet">As measured.${some} “edm2 export” writes all that was recorded.</p>
    <div class="scroll" tabindex="0" role="region" aria-label="${title} as numbers">
      <table class="numbers">
        <thead>
          <tr>
            ${head.map((name) => html`<th class="name">${name}</th>`)}
          </tr>
        </thead>
        <tbody>
          ${rows.map(
            ([place = '', ...values]) =>
              html`<tr>
                <th>${place}</th>
                ${values.map((value) => html`<td>${value}</td>`)}
              </tr> `,
          )}
        </tbody>
      </table>
    </div>
  </details>`;
}

function gridSection({ grids, clock }: Comparison): Markup | null {
  if (grids.length === 0) return null;
  return html`<section>
    <h2>Samples at ${images(clock)}</h2>
    <div class="grids">
      ${grids.map(
        ({ run, drawn }) =>
          html`<figure>
            <figcaption>${run} <span class="quiet">${drawn && images(drawn.nimg)}</span></figcaption>
            ${
              drawn
                ? html`<img src="${drawn.data}" alt="Grid of ${run} after ${images(drawn.nimg)}" />`
                : html`<p class="quiet">No grid yet at this time.</p>`
            }
          </figure>`,
      )}
    </div>
  </section>`;
}

const TONES = { good: 'As it should be', warn: 'Worth a look', bad: 'Harmful' } as const;

function findingSection({ findings }: Comparison): Markup | null {
  if (findings.every((one) => one.findings.length === 0)) return null;
  return html`<section>
    <h2>Findings</h2>
    ${findings.map(
      (one) =>
        one.findings.length > 0 &&
        html`<h3>${one.run}</h3>
          <ul>
            ${one.findings.map(
              ({ tone, text, reason }) =>
                html`<li><b class="${tone}">${TONES[tone]}:</b> ${text} <span class="quiet">${reason}</span></li>`,
            )}
          </ul>`,
    )}
  </section>`;
}

function differenceSection({ runs, lead, differences }: Comparison): Markup | null {
  if (runs.length < 2) return null;
  const { rungs, rows, ofRungs } = differences;
  const own = [...(rungs ? [{ name: 'Configuration', values: rungs }] : []), ...rows];
  const table = (label: string, shown: readonly DiffRow[]): Markup =>
    html`<div class="scroll" tabindex="0" role="region" aria-label="${label}">
      <table class="differs">
        <thead>
          <tr>
            <th>Setting</th>
            ${runs.map((run) => html`<th class="name">${mark(lead(run.id))} ${run.name}</th>`)}
          </tr>
        </thead>
        <tbody>
          ${shown.map(
            ({ name, values }) =>
              html`<tr>
                <th>${name}</th>
                ${values.map((value) => html`<td>${value}</td>`)}
              </tr>`,
          )}
        </tbody>
      </table>
    </div>`;
  return html`<section>
    <h2>What differs</h2>
    ${own.length === 0 ? html`<p>Nothing: these runs have the same config and data.</p>` : table('What differs', own)}
    ${
      ofRungs.length > 0 &&
      html`<details>
        <summary>${count(ofRungs.length)} settings that follow from the configuration</summary>
        ${table('What follows from the configuration', ofRungs)}
      </details>`
    }
  </section>`;
}

/** The app's colours, light, and dark where a screen wants that; paper is light. */
function styles(): string {
  const [light, dark] = [/:root \{([^}]*)\}/, /:root\[data-theme='dark'\] \{([^}]*)\}/].map(
    (block) => block.exec(tokens)?.[1] ?? '',
  );
  return `:root{${bare(light!)}--font:system-ui,sans-serif}
@media screen and (prefers-color-scheme:dark){:root{${bare(dark!)}}}
${STYLES}`;
}

const bare = (declarations: string): string => declarations.replaceAll(/\/\*.*?\*\/|\s*\n\s*/gs, '');

const STYLES = `
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--text);font:14px/1.5 var(--font)}
main{max-width:1000px;margin:0 auto;padding:32px 20px}
h1{margin:0;font-size:24px;overflow-wrap:anywhere}
h2{margin:0 0 8px;font-size:17px}
h3{margin:14px 0 4px;font-size:14px;overflow-wrap:anywhere}
section{margin-top:32px}
p{margin:6px 0}
ul{margin:0;padding-left:20px}
.quiet{color:var(--quiet)}
.notes{white-space:pre-wrap;overflow-wrap:anywhere}
.good{color:var(--good-text)}.warn{color:var(--warn-text)}.bad{color:var(--bad-text)}
svg{display:block;width:100%;height:auto;font-family:var(--font)}
section>svg{border:1px solid var(--line);border-radius:6px}
svg.mark{display:inline-block;width:22px;height:8px;vertical-align:middle}
.scroll{overflow-x:auto}
table{border-collapse:collapse;font-size:13px}
th,td{padding:4px 18px 4px 0;border-bottom:1px solid var(--line);text-align:left;vertical-align:top}
th,td{white-space:nowrap}
th{font-weight:500}
.name,.differs td{min-width:14ch;max-width:280px;white-space:normal;overflow-wrap:anywhere}
thead th{color:var(--quiet)}
.numbers th,.numbers td{text-align:right;font-variant-numeric:tabular-nums}
details{margin-top:8px}
summary{cursor:pointer}
.grids{display:grid;grid-template-columns:repeat(auto-fill,minmax(260px,1fr));gap:16px}
figure{margin:0;min-width:0;break-inside:avoid}
figcaption{overflow-wrap:anywhere}
img{display:block;width:100%;image-rendering:pixelated}
@media print{section>svg,tr{break-inside:avoid}h2,h3{break-after:avoid}body{font-size:12px}main{padding:0}}
`;
