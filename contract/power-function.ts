import { AppError } from './errors.ts';
import { MAX_SIGMA_REL } from './training.ts';
import { emaLength } from './units.ts';

/**
 * Width of a power-function profile relative to the training length: its standard deviation.
 *
 * @param gamma exponent γ > −1/2
 *
 * Source: arXiv:2312.02696, Eq. 123.
 */
export function sigmaRelFromGamma(gamma: number): number {
  return Math.sqrt(gamma + 1) / ((gamma + 2) * Math.sqrt(gamma + 3));
}

/**
 * Exponent γ of the profile of relative width σ_rel: the positive root of γ³ + 7γ² + (16 − s)γ + (12 − s) = 0 with
 * s = σ_rel^−2. For γ > 0 the cubic is convex and has one root, so Newton's method from its right never overshoots.
 *
 * @param sigmaRel in (0, 12^−1/2)
 * @throws {AppError} 'invalid-input' outside that range
 *
 * Source: arXiv:2312.02696, Eq. 126 and Alg. 2.
 */
export function gammaFromSigmaRel(sigmaRel: number): number {
  if (!(sigmaRel > 0 && sigmaRel < MAX_SIGMA_REL)) {
    throw new AppError(
      'invalid-input',
      `An average of ${emaLength(sigmaRel)} does not exist; choose a length above 0 and below ${MAX_SIGMA_REL.toFixed(4)}.`,
    );
  }
  const s = sigmaRel ** -2;
  let gamma = Math.sqrt(s);
  for (;;) {
    const value = ((gamma + 7) * gamma + (16 - s)) * gamma + (12 - s);
    const slope = (3 * gamma + 14) * gamma + (16 - s);
    const next = gamma - value / slope;
    // Steps shrink quadratically; the first that does not go left is rounding.
    if (!(next < gamma)) return gamma;
    gamma = next;
  }
}

/**
 * β of a power-function average, ema ← β ema + (1 − β) w: (1 − Δt/t)^(γ+1). The first step has β = 0, so initial
 * weights never count.
 *
 * @param sigmaRel relative width of the profile
 * @param nimg     t, training images seen after the step
 * @param batch    Δt, images of the step
 *
 * Source: arXiv:2312.02696, Eq. 127.
 */
export function averageDecay(sigmaRel: number, nimg: number, batch: number): number {
  return (1 - batch / nimg) ** (gammaFromSigmaRel(sigmaRel) + 1);
}

/** 1 − β, without the rounding that a difference from 1 would bring late in training. */
export function averageRate(sigmaRel: number, nimg: number, batch: number): number {
  return -Math.expm1((gammaFromSigmaRel(sigmaRel) + 1) * Math.log1p(-batch / nimg));
}
