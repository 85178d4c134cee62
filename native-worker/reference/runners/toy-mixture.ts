import { blurredMixture } from '../../edm2/toy/gaussian-mixture.ts';
import type { Runner } from '../runner.ts';

/** Log density and score of each class of the toy data, at the points and noise levels of the file. */
export const runToyMixture: Runner = (reference) => {
  const values = new Map<string, ArrayLike<number>>();
  const sigmas = reference.read('sigma').data;
  const classes = reference.names.filter((name) => name.endsWith('.phi')).map((name) => name.replace(/\.phi$/, ''));
  for (const name of classes) {
    const read = (part: string): ArrayLike<number> => reference.read(`${name}.${part}`).data;
    const mixture = { phi: read('phi'), mu: read('mu'), covariance: read('Sigma') };
    const points = Array.from(read('points'));
    const each = points.length / sigmas.length;
    const results = Array.from(sigmas, (sigma, index) =>
      blurredMixture(mixture, points.slice(index * each, (index + 1) * each), sigma),
    );
    values.set(
      `${name}.logp`,
      results.flatMap(({ logDensity }) => [...logDensity]),
    );
    values.set(
      `${name}.score`,
      results.flatMap(({ score }) => [...score]),
    );
  }
  return { values };
};
