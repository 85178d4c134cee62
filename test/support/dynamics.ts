import type { Cells, DynamicsTable, PackedDynamics } from '../../contract/dynamics-table.ts';

/** A table as the service sends it. */
export function packDynamics({ span, values, allLayers, ...table }: DynamicsTable): PackedDynamics {
  const all = allLayers && { allLayers: [...allLayers] };
  const packed = { ...table, ...all, layers: [...table.layers], nimg: [...table.nimg], values: pack(values) };
  if (span === undefined) return { ...packed, span: null };
  return { ...packed, span: { ticks: [...span.ticks], low: pack(span.low), high: pack(span.high) } };
}

/** What the service answers of a table where only some rows are asked for; null: all. */
export function onlyRows(table: DynamicsTable, rows: readonly string[] | null): DynamicsTable {
  if (rows === null) return table;
  const places = [...table.layers.keys()].filter((place) => rows.includes(table.layers[place]!));
  const of = <T>(all: readonly T[]): T[] => places.map((place) => all[place]!);
  const { span } = table;
  const values = { layers: of(table.layers), values: of(table.values), allLayers: table.layers };
  return { ...table, ...values, ...(span && { span: { ...span, low: of(span.low), high: of(span.high) } }) };
}

function pack(cells: Cells): string {
  const numbers = Float32Array.from(cells.flat(), (value) => value ?? Number.NaN);
  return btoa(Array.from(new Uint8Array(numbers.buffer), (byte) => String.fromCharCode(byte)).join(''));
}
