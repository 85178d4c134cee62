import { opKinds, opKindWords, sidesWords, type Profile } from '../../../contract/profile.ts';
import { bytes, count } from '../../../contract/units.ts';
import { pictures, table, threeDigits } from '../words.ts';

/** Slowest ops that are told; `--json` tells more. */
const SLOWEST = 10;

/** Where the time of a step goes, as sentences and two tables. */
export function profileWords(profile: Profile): string {
  const { work, images, ops, milliseconds, untracedMilliseconds, kinds, slowest } = profile;
  const known = opKinds.map((kind) => ({ kind, ...kinds[kind] }));
  const busy = known.reduce((sum, { milliseconds }) => sum + milliseconds, 0);
  const share = (part: number): string => `${threeDigits(busy === 0 ? 0 : (100 * part) / busy)} %`;
  const halves = sidesWords(profile);
  const step = work === 'training' ? 'A training step' : 'One evaluation of the network, to draw,';
  return [
    `${step} of ${pictures(images)}${halves === '' ? '' : `, ${halves}`}: ${count(ops)} ops ran, whose times add up to ${ms(busy)}. ` +
      `By the clock it took ${ms(milliseconds)} with the trace, and takes ${ms(untracedMilliseconds)} without.`,
    table(
      ['kind', 'time', 'share', 'ops'],
      known
        .filter(({ ops, milliseconds }) => ops > 0 || milliseconds > 0)
        .map(({ kind, ops, milliseconds }) => [
          ...[opKindWords[kind], ms(milliseconds), share(milliseconds), count(ops)],
        ]),
      [1, 2, 3],
    ),
    table(
      ['slowest ops', 'time', 'share', 'kind', 'of', 'gives'],
      slowest
        .slice(0, SLOWEST)
        .map(({ op, kind, layer, milliseconds, output }) => [
          ...[op, ms(milliseconds), share(milliseconds), opKindWords[kind], layer ?? '–', output ?? '–'],
        ]),
      [1, 2],
    ),
    peakWords(profile),
  ].join('\n\n');
}

function peakWords({ peakBytes, peakOf }: Profile): string {
  const of = peakOf === 'tensors' ? 'of tensors, by what TensorFlow gave out' : 'of the whole process, since it began';
  return `Memory at the peak: ${bytes(peakBytes)} ${of}.`;
}

function ms(milliseconds: number): string {
  return `${threeDigits(milliseconds)} ms`;
}
