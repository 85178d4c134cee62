import { searchable } from './names.ts';
import { runFieldNamed, type FieldValue, type RunField, type TableRun } from './run-fields.ts';
import { unknownField } from './run-filter.ts';
import type { Problem } from './run-terms.ts';
import { percentDone } from './time-left.ts';
import { bytes, duration, images, NOTHING, number, parameters, speed, steady } from './units.ts';

/** The order and the columns of tables of runs, as they are written in an option and in an address; and what stands in a cell. */

export interface OrderBy {
  readonly field: RunField;
  readonly descending: boolean;
}

/** Reads "loss" or "-created,name": fields separated by commas, `-` before one that is to fall. */
export function readOrder(text: string): { order: OrderBy[] } | { problem: Problem } {
  const read = named(text, /^-/);
  if ('problem' in read) return read;
  return { order: read.fields.map(({ field, raw }) => ({ field, descending: raw.startsWith('-') })) };
}

/** The text that `readOrder` reads as this. */
export function orderText(order: readonly OrderBy[]): string {
  return order.map(({ field, descending }) => `${descending ? '-' : ''}${field.name}`).join(',');
}

/** Reads "name,lr,loss": fields separated by commas. */
export function readColumns(text: string): { columns: RunField[] } | { problem: Problem } {
  const read = named(text, /^$/);
  return 'problem' in read ? read : { columns: [...new Set(read.fields.map(({ field }) => field))] };
}

function named(text: string, sign: RegExp): { fields: { field: RunField; raw: string }[] } | { problem: Problem } {
  const fields: { field: RunField; raw: string }[] = [];
  let from = 0;
  for (const part of text.split(',')) {
    const place = { from, to: from + part.length };
    from += part.length + 1;
    const raw = part.trim();
    if (raw === '') continue;
    const field = runFieldNamed(raw.replace(sign, ''));
    if (field === undefined) return { problem: { ...place, message: unknownField(raw.replace(sign, '')) } };
    fields.push({ field, raw });
  }
  return { fields };
}

const texts = new Intl.Collator('en', { numeric: true, sensitivity: 'base' });

/** Runs in an order; what is alike stays as it was, and runs without a value come last, however the order falls. */
export function inOrder<Run extends TableRun>(runs: readonly Run[], order: readonly OrderBy[]): Run[] {
  const keyed = runs.map((run) => ({ run, keys: order.map(({ field }) => keyOf(field, run)) }));
  keyed.sort((a, b) => {
    for (const [at, { descending }] of order.entries()) {
      const [one = null, other = null] = [a.keys[at], b.keys[at]];
      if (one === null || other === null) {
        if (one !== other) return one === null ? 1 : -1;
        continue;
      }
      const difference = typeof one === 'number' ? one - (other as number) : texts.compare(one, other as string);
      if (difference !== 0) return descending ? -difference : difference;
    }
    return 0;
  });
  return keyed.map(({ run }) => run);
}

function keyOf(field: RunField, run: TableRun): number | string | null {
  const read = field.read(run);
  if (read === null) return null;
  if (Array.isArray(read)) return read.length === 0 ? null : read.map(String).join(' ');
  if (field.kind === 'choice') return field.choices!.indexOf(String(read));
  if (typeof read === 'boolean') return read ? 1 : 0;
  return typeof read === 'number' ? read : searchable(String(read));
}

/** A value as a cell shows it. @param time writes a moment, milliseconds since 1970 */
export function cellText(field: RunField, run: TableRun, time: (at: number) => string): string {
  const read = field.read(run);
  if (read === null) return NOTHING;
  const values = (Array.isArray(read) ? read : [read]) as readonly FieldValue[];
  return values.length === 0
    ? NOTHING
    : values.map((value) => valueText(field, value, time)).join(field.kind === 'number' ? ', ' : ' ');
}

function valueText(field: RunField, value: FieldValue, time: (at: number) => string): string {
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (typeof value === 'string') return value;
  if (field.kind === 'time') return time(value);
  switch (field.unit) {
    case 'images':
      return images(value);
    case 'img/s':
      return speed(value);
    case 'seconds':
      return duration(value);
    case 'bytes':
      return bytes(value);
    case 'parameters':
      return parameters(value);
    case 'share':
      return percentDone(value, 1);
    case '':
      if (field.group === 'Results') return steady(value);
      return Number.isInteger(value) ? String(value) : number(value, 6);
  }
}
