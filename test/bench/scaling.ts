/**
 * `npm run docs:scaling`: what several devices are worth, by calculation: the time of a step's computing, which is shared,
 * beside the time of adding its gradients up, which is not. Writes docs/images/scaling.svg and the table of docs/scaling.md.
 *
 * A ring sends 2 (W − 1) / W times the gradients' bytes over each of W devices' links. How fast a card computes was measured
 * for S alone (docs/performance.md, "On a graphics card"); other sizes are scaled by their multiply-adds.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { countParameters, planNetwork } from '../../contract/architecture.ts';
import { countOperations, totalOperations } from '../../contract/operations.ts';
import { findPreset } from '../../contract/presets.ts';
import { threeDigits } from '../../native-worker/cli/words.ts';

/** As in the paper's presets, and one that smaller runs have. */
const [BATCH, SMALL_BATCH] = [2048, 256];
const sizes = ['s', 'm', 'l', 'xl', 'xxl'] as const;

/** Images a second that one card trains, S in half precision: an NVIDIA H200, measured. */
const IMAGES_PER_SECOND_OF_S = 232;

/** Bytes a second that a device sends over its link, while it receives as many. */
const links = [
  { name: 'NVLink 4, 450 GB/s', bytesPerSecond: 450e9 },
  { name: '400 Gb/s', bytesPerSecond: 50e9 },
  { name: 'PCIe 4 ×16, 25 GB/s', bytesPerSecond: 25e9 },
  { name: '25 Gb/s', bytesPerSecond: 25e9 / 8 },
];

const devices = [2, 4, 8, 16, 32, 64, 128, 256];

interface Size {
  readonly name: string;
  readonly gradientBytes: number;
  /** Of one card, for one image. */
  readonly secondsPerImage: number;
}

const measuredOf = (size: (typeof sizes)[number]): { name: string; parameters: number; operations: number } => {
  const { config, resolution, title } = findPreset(size)!;
  const plan = planNetwork(config.network, { resolution, channels: 3, labelDim: 1000 });
  const operations = totalOperations(countOperations(plan)).total;
  return { name: title, parameters: countParameters(plan).total, operations };
};
const all = sizes.map(measuredOf);
const perOperation = 1 / IMAGES_PER_SECOND_OF_S / all[0]!.operations;
const known = all.map(({ name, parameters, operations }): Size => {
  return { name, gradientBytes: 4 * parameters, secondsPerImage: operations * perOperation };
});

/** Seconds of adding up, on `count` devices. */
function summing({ gradientBytes }: Size, bytesPerSecond: number, count: number): number {
  return (2 * (count - 1) * gradientBytes) / count / bytesPerSecond;
}

/** Share of a step in which devices compute: 1 would be `count` times as fast as one. */
function efficiency(size: Size, bytesPerSecond: number, count: number, batch = BATCH): number {
  const computing = (batch * size.secondsPerImage) / count;
  return computing / (computing + summing(size, bytesPerSecond, count));
}

/** Devices beyond which adding up takes as long as computing, so that twice as many are a third faster at most. */
function worthwhile(size: Size, bytesPerSecond: number): number {
  return Math.floor((BATCH * size.secondsPerImage * bytesPerSecond) / (2 * size.gradientBytes));
}

function table(): string {
  const head = ['size', 'gradients', 'computing, one card', ...links.map(({ name }) => name)];
  const rows = known.map((size) => [
    size.name,
    `${threeDigits(size.gradientBytes / 1e9)} GB`,
    `${threeDigits(BATCH * size.secondsPerImage)} s`,
    ...links.map(({ bytesPerSecond }) => {
      const shares = [8, 64].map((count) => `${Math.round(100 * efficiency(size, bytesPerSecond, count))} %`);
      return `${shares.join(', ')}; ${worthwhile(size, bytesPerSecond)}`;
    }),
  ]);
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

/** The plot: its area, in pixels, and a colour for each link. */
const AREA = { left: 48, top: 16, width: 520, height: 240 };
const COLORS = ['#0072b2', '#009e73', '#e69f00', '#cc79a7'];

/** Of S; other sizes differ by a hundredth at most. */
function plot(): string {
  const { left, top, width, height } = AREA;
  const [size] = known;
  const x = (count: number): number => left + (width * Math.log2(count / 2)) / Math.log2(devices.at(-1)! / 2);
  const y = (share: number): number => top + height * (1 - share);
  const text = (at: readonly [number, number], anchor: string, words: string): string =>
    `<text x="${at[0]}" y="${at[1]}" text-anchor="${anchor}">${words}</text>`;
  const rows = [0, 0.25, 0.5, 0.75, 1].map(
    (share) =>
      `<path d="M${left} ${y(share)}h${width}" stroke="#ddd"/>${text([left - 6, y(share) + 4], 'end', `${100 * share} %`)}`,
  );
  const columns = devices.map((count) => text([x(count), top + height + 18], 'middle', String(count)));
  const curves = links.flatMap(({ bytesPerSecond }, index) =>
    [BATCH, SMALL_BATCH].map((batch) => {
      const points = devices.map((count) => {
        return `${x(count).toFixed(1)} ${y(efficiency(size!, bytesPerSecond, count, batch)).toFixed(1)}`;
      });
      const dash = batch === BATCH ? '' : ' stroke-dasharray="5 4"';
      return `<path d="M${points.join('L')}" fill="none" stroke="${COLORS[index]!}" stroke-width="2"${dash}/>`;
    }),
  );
  const legend = links.map(({ name }, index) => {
    const at = top + 20 * index + 12;
    const from = left + width + 20;
    return `<path d="M${from} ${at}h20" stroke="${COLORS[index]!}" stroke-width="2"/>${text([from + 26, at + 4], 'start', name)}`;
  });
  const dashes = text([left + width + 20, top + 116], 'start', `dashed: a batch of ${SMALL_BATCH}`);
  const axis = text([left + width / 2, top + height + 40], 'middle', `devices that share a batch of ${BATCH}`);
  const [whole, tall] = [left + width + 190, top + height + 56];
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${whole} ${tall}" width="${whole}" height="${tall}" ` +
    `font-family="system-ui, sans-serif" font-size="12" fill="#555"><title>Share of a step in which devices compute</title>` +
    `<rect width="100%" height="100%" fill="#fff"/>${[...rows, ...columns, ...curves, ...legend].join('')}${dashes}${axis}</svg>\n`
  );
}

writeFileSync('docs/images/scaling.svg', plot());
const path = 'docs/scaling.md';
const text = readFileSync(path, 'utf8');
const [before, after] = ['<!-- scaling -->\n\n', '\n\n<!-- /scaling -->'];
const [start, end] = [text.indexOf(before), text.indexOf(after)];
if (start === -1 || end === -1) throw new Error(`${path} has no place for the table`);
writeFileSync(path, text.slice(0, start + before.length) + table() + text.slice(end));
process.stdout.write(`Wrote docs/images/scaling.svg and the table of ${path}.\n`);
