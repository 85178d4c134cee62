import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { quietWords } from '../../../native-worker/cli/bench/report.ts';
import type { Compared, Peaks } from './comparisons.ts';
import { boundsTable, markdownTable, type Bound, type Row } from './report.ts';
import { sweepTable, type Swept } from './sweep.ts';

/** On what and with what was measured. */
export interface Machine {
  readonly processor: string;
  readonly threads: number;
  readonly system: string;
  readonly node: string;
  readonly torch: string;
  readonly date: string;
}

/** All that a measurement finds, with the files that it goes to. */
export class Findings {
  readonly machine: Machine;
  /** Of the table of targets. */
  readonly rows: Row[] = [];
  readonly compared: Compared[] = [];
  readonly peaks: Peaks[] = [];
  readonly bounds: Bound[] = [];
  readonly swept: Swept[] = [];
  readonly #files: { readonly json: string | null; readonly markdown: string | null };

  constructor(machine: Machine, files: { readonly json: string | null; readonly markdown: string | null }) {
    this.machine = machine;
    this.#files = files;
  }

  /** Whether other processes left the machine alone; null: unknown. */
  get quiet(): boolean | null {
    const all = this.compared.flatMap(({ ours, theirs }) => [ours.quiet, theirs.quiet]);
    return all.length === 0 || all.includes(null) ? null : all.every(Boolean);
  }

  /** Writes what there is so far: it stays if a later part fails. */
  write(): void {
    const { machine, quiet, rows, compared, peaks, bounds, swept } = this;
    if (this.#files.json !== null) {
      const all = { machine, quiet, rows, compared, peaks, bounds, swept };
      writeFileSync(this.#files.json, `${JSON.stringify(all, null, 1)}\n`);
    }
    if (this.#files.markdown === null) return;
    const { processor, threads, system, node, torch, date } = machine;
    const targets = [
      `${processor}, ${threads} threads each, ${system}, Node ${node}, PyTorch ${torch}; ${date.slice(0, 10)}. ${quietWords(quiet)}`,
      markdownTable(rows),
    ];
    replaceParts(this.#files.markdown, {
      ...(rows.length > 0 ? { targets: targets.join('\n\n') } : {}),
      ...(bounds.length > 0 ? { bounds: boundsTable(bounds) } : {}),
      ...(swept.length > 0 ? { sweep: sweepTable(swept) } : {}),
    });
  }
}

/**
 * Puts texts into a markdown file, each between its lines `<!-- NAME -->` and `<!-- /NAME -->`; what the file has no such
 * lines for goes to its end, with them.
 */
export function replaceParts(file: string, parts: Readonly<Record<string, string>>): void {
  let text = existsSync(file) ? readFileSync(file, 'utf8') : '';
  for (const [name, part] of Object.entries(parts)) {
    const [begin, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
    const from = text.indexOf(begin);
    const to = text.indexOf(end);
    const whole = `${begin}\n\n${part}\n\n${end}`;
    text = from >= 0 && to > from ? text.slice(0, from) + whole + text.slice(to + end.length) : `${text}${whole}\n`;
  }
  writeFileSync(file, text);
}
