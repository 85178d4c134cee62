import { dynamicsKinds, type DynamicsKind, type DynamicsRows } from '../../../contract/dynamics.ts';
import type { DynamicsTable } from '../../../contract/dynamics-table.ts';
import { shortLayer } from '../charts/heat-image.ts';
import { images, steady } from '../format.ts';

/** What the rows of a kind are called, several of them. */
export const rowWords: Readonly<Record<DynamicsRows, string>> = {
  layer: 'layers',
  block: 'blocks',
  attention: 'blocks with attention',
  gain: 'gains',
  bucket: 'buckets',
  validation: 'networks',
  'noise level': 'noise levels',
};

/** What a map is called: "Activation magnitudes". */
export function mapTitle(kind: DynamicsKind): string {
  if (kind === 'activation') return 'Activation magnitudes';
  return kind === 'weight' ? 'Weight magnitudes' : dynamicsKinds[kind].title;
}

/** What an empty cell of a kind means. */
export const missingWords = ({ kind }: DynamicsTable): string =>
  dynamicsKinds[kind].of === 'noise level' ? 'without images' : 'not finite';

/** What a column of the heat map says, in a sentence: the span over all layers and which ones are at its ends. */
export function magnitudeSummary(table: DynamicsTable, column: number): string {
  const nimg = table.nimg[column];
  if (nimg === undefined) return '';
  const cells = table.layers.map((layer, row) => ({ layer, value: table.values[row]?.[column] ?? null }));
  const finite = cells.filter((cell): cell is { layer: string; value: number } => cell.value !== null);
  const lost = cells.length - finite.length;
  const at = `At ${images(nimg)}`;
  const missing = missingWords(table);
  if (finite.length === 0) return `${at}: all ${missing}.`;
  const low = finite.reduce((a, b) => (b.value < a.value ? b : a));
  const high = finite.reduce((a, b) => (b.value > a.value ? b : a));
  const notFinite = lost === 0 ? '' : `; ${lost} ${missing}`;
  const span = `${at}: ${steady(low.value)} (${shortLayer(low.layer)}) to ${steady(high.value)} (${shortLayer(high.layer)})`;
  return `${span} over ${cells.length} ${rowWords[dynamicsKinds[table.kind].of]}${notFinite}.`;
}
