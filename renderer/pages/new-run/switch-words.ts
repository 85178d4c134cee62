import { rungNames, rungs } from '../../../contract/ladder.ts';
import type { NetworkSwitches } from '../../../contract/switches.ts';

export type SwitchName = keyof NetworkSwitches;
export type SwitchValue = NetworkSwitches[SwitchName];

export interface SwitchWords {
  readonly label: string;
  /** What each value is called; in this order they are offered. */
  readonly values: readonly (readonly [SwitchValue, string])[];
}

/** The switches of the ladder in words, in the order of the paper's Table 1. What each does: `contract/switches.ts`. */
export const switchWords: Readonly<Record<SwitchName, SwitchWords>> = {
  uncertainty: {
    label: 'Learned uncertainty',
    values: [
      [false, 'none'],
      [true, 'u(σ) weights the loss'],
    ],
  },
  noiseFeatures: {
    label: 'Features of the noise level',
    values: [
      ['positional', 'fixed frequencies'],
      ['fourier', 'random frequencies'],
      ['mp-fourier', 'random, scaled'],
    ],
  },
  biases: {
    label: 'Biases',
    values: [
      [true, 'in every layer'],
      [false, 'none, ones instead'],
    ],
  },
  groupNorm: {
    label: 'Group normalisation',
    values: [
      ['standard', 'mean and variance'],
      ['no-mean', 'root mean square'],
      ['none', 'none, pixels instead'],
    ],
  },
  attentionNorm: {
    label: 'Attention',
    values: [
      ['group', 'group norm before it'],
      ['cosine', 'cosine attention'],
    ],
  },
  weightInit: {
    label: 'Weights at the start',
    values: [
      ['uniform-zero', 'uniform, last ones zero'],
      ['uniform', 'uniform'],
      ['normal', 'normal, N(0, 1)'],
    ],
  },
  weightNorm: {
    label: 'Normalisation of weights',
    values: [
      ['none', 'none'],
      ['on-use', 'on use'],
      ['forced', 'forced at each step'],
    ],
  },
  embeddingLayers: {
    label: 'Layers of the embedding',
    values: [
      [2, 'two'],
      [1, 'one'],
    ],
  },
  fixedFunctions: {
    label: 'Activations, sums, concatenations',
    values: [
      ['plain', 'plain'],
      ['magnitude-preserving', 'magnitude-preserving'],
    ],
  },
  gains: {
    label: 'Learned gains',
    values: [
      [false, 'none'],
      [true, 'from zero'],
    ],
  },
};

export const switchNames = Object.keys(switchWords) as SwitchName[];

/** A value of a switch in words. */
export function valueWords(name: SwitchName, value: SwitchValue): string {
  return switchWords[name].values.find(([one]) => one === value)?.[1] ?? String(value);
}

/** The configurations of the paper with this value: "A–C", "D", "E–G". Each value's are neighbours. */
export function rungsWith(name: SwitchName, value: SwitchValue): string {
  const with_ = rungNames.filter((rung) => rungs[rung].switches[name] === value);
  return with_.length < 2 ? with_.join('') : `${with_[0]!}–${with_.at(-1)!}`;
}

/** Switches and their values in a line: "normalisation of weights: on use; biases: none, …". */
export function switchesInWords(switches: Partial<NetworkSwitches>): string {
  return switchNames
    .filter((name) => switches[name] !== undefined)
    .map((name) => {
      const { label } = switchWords[name];
      return `${label.charAt(0).toLowerCase()}${label.slice(1)}: ${valueWords(name, switches[name]!)}`;
    })
    .join('; ');
}
