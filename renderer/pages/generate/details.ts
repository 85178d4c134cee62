import type { Sample } from '../../../contract/samples.ts';
import { emaLength, images, number } from '../../lib/format.ts';

/** Larger noise levels than this don't occur: S_max above it is no limit. */
const NO_LIMIT = 1e6;

/** What guided a sheet, its fresh noise and its precision, in words; what is as usual is left out. */
export function sheetDetails(
  { guidance, sampler, precision }: Pick<Sample, 'guidance' | 'sampler' | 'precision'>,
  runName: (id: number) => string,
): string[] {
  const { churn } = sampler;
  const details: string[] = [];
  if (guidance !== null) {
    const { strength, runId, nimg, sigmaRel } = guidance;
    details.push(`Guided, w ${number(strength)}, by ${runName(runId)} at ${images(nimg)}, ${emaLength(sigmaRel)}`);
  }
  if (churn !== undefined && churn.amount > 0) {
    const above = churn.min > 0 ? ` from σ ${number(churn.min)}` : '';
    const below = churn.max < NO_LIMIT ? ` to σ ${number(churn.max)}` : '';
    const noise = churn.noise === 1 ? '' : `, S_noise ${number(churn.noise, 4)}`;
    details.push(`S_churn ${number(churn.amount)}${above}${below}${noise}`);
  }
  if (precision !== 'fp32') details.push(precision);
  return details;
}
