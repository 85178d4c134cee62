import { AppError } from './errors.ts';
import type { NetworkSwitches } from './switches.ts';

/** Combinations in which a network would not learn, with the reason and the way out. */
const senseless: readonly { when: (switches: NetworkSwitches) => boolean; sentence: string }[] = [
  {
    when: ({ weightNorm, weightInit }) => weightNorm === 'none' && weightInit === 'normal',
    sentence:
      'Weights N(0, 1) that are not normalised multiply magnitudes by the root of their fan-in, layer by layer; ' +
      "set weightInit to 'uniform', or weightNorm to 'on-use' or 'forced'.",
  },
  {
    when: ({ weightNorm, weightInit }) => weightNorm !== 'none' && weightInit === 'uniform-zero',
    sentence:
      "Weights of zero have no direction that could be normalised; set weightInit to 'normal' (or 'uniform'), " +
      "or weightNorm to 'none'.",
  },
  {
    when: ({ gains, weightInit }) => gains && weightInit === 'uniform-zero',
    sentence:
      'An output of zero weights times a gain of zero gives neither of them a gradient, so the network would never ' +
      "learn; switch gains off, or set weightInit to 'uniform' or 'normal'.",
  },
];

/** @throws {AppError} 'invalid-input' if switches exclude each other */
export function checkSwitches(switches: NetworkSwitches): void {
  const found = senseless.find(({ when }) => when(switches));
  if (found !== undefined) throw new AppError('invalid-input', found.sentence);
}
