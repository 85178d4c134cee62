import type { GaussianMixture } from './gaussian-mixture.ts';

/**
 * The toy data: a tree in the plane whose branches fork five times, after the 2D example of the autoguidance paper
 * (arXiv:2406.02507, Sec. 3). Each branch is a row of Gaussians, so that density and score are known exactly. The tree
 * is our own; angles and lengths were chosen by eye.
 */

/** Branches of the last level are not forked further: 2^6 − 1 branches in all. */
const LEVELS = 6;

/** Gaussians of a branch: enough that it looks like one stroke. */
const PER_BRANCH = 8;

/** Share of the whole weight that each level has, trunk first. Fine twigs have their part, or nobody would learn them. */
const LEVEL_WEIGHTS = [0.22, 0.17, 0.16, 0.155, 0.15, 0.145];

/** Lengths and widths shrink by these factors from one level to the next. */
const LENGTH_RATIO = 0.7;
const WIDTH_RATIO = 0.85;

interface Branch {
  readonly x: number;
  readonly y: number;
  /** Radians. */
  readonly direction: number;
  readonly length: number;
  readonly width: number;
  readonly level: number;
}

/** @returns 504 components, centred, with standard deviation `sigmaData` of a coordinate on average */
export function fractalTree(sigmaData = 0.5): GaussianMixture {
  const branches: Branch[] = [];
  grow({ x: 0, y: 0, direction: Math.PI / 4, length: 1, width: 0.07, level: 0 }, branches);
  const components = branches.flatMap((branch) => componentsOf(branch));
  return standardised(components, sigmaData);
}

function grow(branch: Branch, into: Branch[]): void {
  const turn = Math.sin(37 * into.length + 5); // looks irregular, and is always the same
  into.push(branch);
  const { x, y, direction, length, width, level } = branch;
  if (level + 1 === LEVELS) return;
  for (const side of [-1, 1]) {
    grow(
      {
        x: x + length * Math.cos(direction),
        y: y + length * Math.sin(direction),
        direction: direction + side * (0.65 + 0.1 * turn * side) + 0.1 * turn,
        length: length * LENGTH_RATIO * (1 + 0.12 * turn * side),
        width: width * WIDTH_RATIO,
        level: level + 1,
      },
      into,
    );
  }
}

interface Component {
  readonly phi: number;
  readonly x: number;
  readonly y: number;
  /** Variances and covariance. */
  readonly xx: number;
  readonly xy: number;
  readonly yy: number;
}

function componentsOf({ x, y, direction, length, width, level }: Branch): Component[] {
  const [cos, sin] = [Math.cos(direction), Math.sin(direction)];
  const along = (0.6 * length) / PER_BRANCH; // neighbours, 1 / PER_BRANCH apart, run into each other
  const across = width / 2;
  const phi = LEVEL_WEIGHTS[level]! / 2 ** level / PER_BRANCH;
  return Array.from({ length: PER_BRANCH }, (_, index) => {
    const at = ((index + 0.5) / PER_BRANCH) * length;
    return {
      phi,
      x: x + at * cos,
      y: y + at * sin,
      xx: (along * cos) ** 2 + (across * sin) ** 2,
      xy: (along ** 2 - across ** 2) * cos * sin,
      yy: (along * sin) ** 2 + (across * cos) ** 2,
    };
  });
}

function standardised(components: readonly Component[], sigmaData: number): GaussianMixture {
  const mean = (of: (component: Component) => number): number =>
    components.reduce((sum, component) => sum + component.phi * of(component), 0);
  const [x0, y0] = [mean(({ x }) => x), mean(({ y }) => y)];
  const variance = mean(({ x, y, xx, yy }) => (x - x0) ** 2 + (y - y0) ** 2 + xx + yy) / 2;
  const scale = sigmaData / Math.sqrt(variance);
  const square = scale ** 2;
  return {
    phi: components.map(({ phi }) => phi),
    mu: components.flatMap(({ x, y }) => [(x - x0) * scale, (y - y0) * scale]),
    covariance: components.flatMap(({ xx, xy, yy }) => [xx * square, xy * square, xy * square, yy * square]),
  };
}
