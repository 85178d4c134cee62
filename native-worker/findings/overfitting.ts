import type { Finding } from '../../contract/findings.ts';
import { images, number } from '../../contract/units.ts';
import { networkName, validationRows, type ValidationRow } from '../../contract/validation.ts';
import type { Course } from './course.ts';

/** Whether the network gets worse on pictures that it isn't trained on. Validation has no noise of its own, so little suffices. */

/** With fewer validations nothing is said. */
const FEWEST = 5;
/** It got worse where its error has risen by this part above its lowest. */
const PART = 0.02;

const REASON = `The error on held-out pictures has risen by more than ${PART * 100} % above its lowest, while that on as many training images fell on.`;

export function overfittingFindings({ config, table }: Course): Finding[] {
  const { layers, nimg, values } = table('validation');
  const { sigmaRel } = config.grid; // what draws the grids is what will be used
  const nameOf = (pictures: ValidationRow['pictures']): string =>
    validationRows([sigmaRel]).find((row) => row.sigmaRel !== null && row.pictures === pictures)!.name;
  const at = (pictures: ValidationRow['pictures'], index: number): number | null =>
    values[layers.indexOf(nameOf(pictures))]?.[index] ?? null;
  const moments = nimg.flatMap((moment, index) => {
    const [error, twin] = [at('held out', index), at('trained on', index)];
    return error === null || twin === null ? [] : [{ nimg: moment, error, twin }];
  });
  const last = moments.at(-1);
  if (last === undefined || moments.length < FEWEST) return [];
  const lowest = moments.reduce((a, b) => (b.error < a.error ? b : a));
  const place = { reason: REASON, kind: 'validation', row: nameOf('held out') } as const;
  const worse = last.error / lowest.error - 1;
  if (worse <= PART) {
    const text = `No overfitting: on held-out pictures ${networkName(sigmaRel)} has an error of ${number(last.error)}, on training images ${number(last.twin)}.`;
    return [{ rule: 'validated', tone: 'good', text, ...place, nimg: null }];
  }
  if (last.twin >= lowest.twin) return []; // both rose: something else is wrong, and other rules say it
  const text =
    `Overfitting since ${images(lowest.nimg)}: the error of ${networkName(sigmaRel)} on held-out pictures has risen by ${percent(worse)}, ` +
    `that on training images fell by ${percent(1 - last.twin / lowest.twin)}. Use a snapshot from about then, or train with more pictures, flips or dropout.`;
  return [{ rule: 'overfitting', tone: 'warn', text, ...place, nimg: lowest.nimg }];
}

const percent = (part: number): string => `${number(part * 100, 2)} %`;
