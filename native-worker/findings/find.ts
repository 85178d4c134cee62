import { FindingRule, type Finding } from '../../contract/findings.ts';
import type { Course } from './course.ts';
import { activationFindings, weightFindings } from './growth.ts';
import { lossFindings } from './loss.ts';
import { noiseFindings } from './noise.ts';
import { overfittingFindings } from './overfitting.ts';
import { rangeFindings } from './range.ts';
import { gainFindings, rateFindings } from './rates.ts';

/** Every rule. Each looks at the whole course, and finds nothing where it has too little to go by. */
const rules: readonly ((course: Course) => Finding[])[] = [
  lossFindings,
  overfittingFindings,
  weightFindings,
  activationFindings,
  rateFindings,
  gainFindings,
  noiseFindings,
  rangeFindings,
];

const tones = ['bad', 'warn', 'good'];

/** What a run's numbers say: harmful first, then what is worth a look, then what is as it should be. */
export function findingsOf(course: Course): Finding[] {
  const order = ({ rule, tone }: Finding): number => tones.indexOf(tone) * 100 + FindingRule.options.indexOf(rule);
  return rules.flatMap((rule) => rule(course)).sort((a, b) => order(a) - order(b));
}
