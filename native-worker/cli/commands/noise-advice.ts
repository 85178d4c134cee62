import type { NoiseAdvice } from '../../../contract/noise-advice.ts';

/** Where a run's noise levels should sit, why, and the settings with which a new run has them there. */
export function adviceLines({ text, reason, proposed }: NoiseAdvice): string[] {
  const lines = [text, ...(reason === '' ? [] : [reason])];
  if (proposed === null) return lines;
  const settings = `--set training.pMean=${proposed.pMean} --set training.pStd=${proposed.pStd}`;
  return [...lines, `\`edm2 train\` takes them as: ${settings}`];
}
