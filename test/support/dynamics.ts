import type { Cells, DynamicsTable, PackedDynamics } from '../../contract/dynamics-table.ts';

/** A table as the service sends it. */
export function packDynamics({ span, values, ...table }: DynamicsTable): PackedDynamics {
  const packed = { ...table, layers: [...table.layers], nimg: [...table.nimg], values: pack(values) };
  if (span === undefined) return { ...packed, span: null };
  return { ...packed, span: { ticks: [...span.ticks], low: pack(span.low), high: pack(span.high) } };
}

function pack(cells: Cells): string {
  const numbers = Float32Array.from(cells.flat(), (value) => value ?? Number.NaN);
  return btoa(Array.from(new Uint8Array(numbers.buffer), (byte) => String.fromCharCode(byte)).join(''));
}
