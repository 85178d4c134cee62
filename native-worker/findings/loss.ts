import type { Finding } from '../../contract/findings.ts';
import { median } from '../../contract/median.ts';
import { images, number } from '../../contract/units.ts';
import type { Course } from './course.ts';

/** Ticks before one with which it is compared. */
const BEFORE = 30;
const FEWEST = 10;
/** A spike is so many times as far above their median as they are usually from it. */
const TIMES = 10;
/** And above it by this part of it, at least: a curve that hardly moves has no spikes. */
const PART = 0.1;
/** Median of absolute deviations of a normal distribution whose standard deviation is 1. */
const MAD = 0.6745;

interface Spike {
  readonly nimg: number;
  readonly loss: number;
  readonly usual: number;
}

export function lossFindings({ ticks }: Course): Finding[] {
  return [...notFinite(ticks.nimg, ticks.loss), ...spikeFindings(spikes(ticks.nimg, ticks.loss))];
}

function notFinite(nimg: readonly number[], loss: readonly (number | null)[]): Finding[] {
  const at = nimg.filter((_, index) => loss[index] === null);
  if (at.length === 0) return [];
  return [
    {
      rule: 'loss-not-finite',
      tone: 'bad',
      text:
        at.length === 1
          ? `The loss was not finite at ${images(at[0]!)}.`
          : `The loss was not finite in ${at.length} ticks, first at ${images(at[0]!)}.`,
      reason: 'A tick whose loss is NaN or infinite.',
      kind: null,
      row: null,
      nimg: at[0]!,
    },
  ];
}

function spikeFindings(found: readonly Spike[]): Finding[] {
  if (found.length === 0) return [];
  const highest = found.reduce((a, b) => (b.loss - b.usual > a.loss - a.usual ? b : a));
  const what = found.length === 1 ? 'The loss has a spike' : `The loss has ${found.length} spikes, the largest`;
  return [
    {
      rule: 'loss-spikes',
      tone: 'warn',
      text: `${what} at ${images(highest.nimg)}: ${number(highest.loss)} where ${number(highest.usual)} was usual.`,
      reason: `A tick's loss lies above the median of the ${BEFORE} before it by ${TIMES} times their usual deviation and ${PART * 100} % of it.`,
      kind: null,
      row: null,
      nimg: highest.nimg,
    },
  ];
}

/** Ticks that stand out; of neighbours the highest. */
function spikes(nimg: readonly number[], loss: readonly (number | null)[]): Spike[] {
  const found: (Spike & { index: number })[] = [];
  for (const [index, value] of loss.entries()) {
    const before = loss.slice(Math.max(0, index - BEFORE), index).filter((one) => one !== null);
    if (value === null || before.length < FEWEST) continue;
    const usual = median(before);
    if (value - usual <= PART * Math.abs(usual)) continue;
    const deviation = median(before.map((one) => Math.abs(one - usual))) / MAD;
    if (value - usual <= TIMES * deviation) continue;
    const spike = { index, nimg: nimg[index]!, loss: value, usual };
    const last = found.at(-1);
    if (last === undefined || index - last.index > 1) found.push(spike);
    else if (value > last.loss) found.splice(-1, 1, { ...spike, usual: last.usual });
    else found.splice(-1, 1, { ...last, index });
  }
  return found;
}
