/** A word of the paper or of this app that needs explaining where it is met. */
export interface Term {
  /** As it is written; heads its section of docs/words.md, too. `_` is followed by what stands below the line. */
  readonly word: string;
  /** What it is, in a sentence that suffices where nothing else can be looked up; begins the section of docs/words.md. */
  readonly sentence: string;
}

/** All that are explained, by the name that `Term.svelte` and the address of the Words page take. */
export const terms = {
  kimg: {
    word: 'kimg and Mimg',
    sentence:
      'Thousands (kimg) and millions (Mimg) of training images: how many the network has seen, a picture that comes again counted again.',
  },
  loss: {
    word: 'Loss',
    sentence:
      'How wrong the denoised pictures are, measured against how wrong the network expects to be; below 0 is no fault, only better.',
  },
  tick: {
    word: 'Tick',
    sentence: 'One entry of what a run writes down: loss, learning rate, speed and magnitudes, every so many images.',
  },
  'wall-time': {
    word: 'Training time and wall time',
    sentence:
      'Training time is how long a run has trained, pauses left out; wall time goes by the clock on the wall, pauses and waits included.',
  },
  validation: {
    word: 'Validation',
    sentence:
      'How well the network does on pictures that are held out of training, always in the same noise: where it gets worse while training gets better, the run overfits.',
  },
  size: {
    word: 'Size',
    sentence:
      'How many numbers the network learns, its parameters: k is a thousand of them, M a million, G a thousand million.',
  },
  ladder: {
    word: 'Configurations A to G',
    sentence:
      'The paper’s ladder: seven steps from the network of the paper before it (A) to EDM2 (G), each with what the ones before it changed.',
  },
  'mp-sum': {
    word: 'MP-Sum',
    sentence:
      'A sum that keeps magnitudes: two inputs, weighted with 1 − t and t, and scaled so that the result is as large as they are.',
  },
  'mp-cat': {
    word: 'MP-Cat',
    sentence:
      'Two inputs put side by side without changing magnitudes: t says how much the second counts, whatever their widths.',
  },
  'c-noise': {
    word: 'c_noise',
    sentence: 'How the network is told the noise level σ: as ln(σ) ÷ 4, which becomes a set of waves, its features.',
  },
  sigma: {
    word: 'Noise level σ',
    sentence:
      'How much noise is added to a picture whose pixels go from −1 to 1: 0.01 can’t be seen, at 80 nothing of the picture is left.',
  },
  'p-mean': {
    word: 'P_mean and P_std',
    sentence:
      'Which noise levels training draws: ln σ is normally distributed with this mean and this standard deviation.',
  },
  'weighted-error': {
    word: 'Weighted error',
    sentence:
      'The squared error of the denoised picture, times λ(σ): 1 at every noise level for a network that has learned nothing, 0 for a perfect one.',
  },
  'u-sigma': {
    word: 'u(σ)',
    sentence:
      'What the network has learned of its own error: the logarithm of the weighted error that it expects at a noise level, by which the loss there is divided.',
  },
  magnitude: {
    word: 'Magnitude',
    sentence:
      'How large the numbers of a layer are, as their root mean square; EDM2 keeps it near 1 everywhere, so that no layer drowns another or stops learning.',
  },
  layer: {
    word: 'Layer names',
    sentence:
      'Where a layer is: encoder (enc) or decoder (dec), the resolution it works at, and its place there, counted from 0.',
  },
  bucket: {
    word: 'Bucket',
    sentence: 'All layers of the encoder (Enc) or of the decoder (Dec) that work at one resolution, taken together.',
  },
  'sigma-rel': {
    word: 'σ_rel',
    sentence:
      'How long an average of the weights is, as a share of the training so far: 0.1 averages about its last tenth. σ alone is a noise level.',
  },
  profile: {
    word: 'Profile',
    sentence: 'How much each moment of training counts in an average of the weights.',
  },
  factor: {
    word: 'Factors',
    sentence:
      'How much of each stored average goes into the one that is made; they add up to 1, and some may be below 0.',
  },
  error: {
    word: 'Predicted error',
    sentence:
      'How far the profile that can be made is from the wanted one: up to 1 % nobody sees a difference, above 10 % it is another average.',
  },
  snapshot: {
    word: 'Snapshot',
    sentence: 'Averages of the weights in files, to draw pictures with; a run can’t go on from one.',
  },
  checkpoint: {
    word: 'Checkpoint',
    sentence: 'The whole state of a run in a file, from which training goes on; no pictures are drawn with it.',
  },
  config: {
    word: 'Names in a config',
    sentence:
      'What a setting is called in the file, by “Copy as JSON” and by edm2 train --set; the New run page has the words above it.',
  },
} as const satisfies Readonly<Record<string, Term>>;

export type TermId = keyof typeof terms;

export const termIds = Object.keys(terms) as TermId[];

/** The term of that name; null: there is none. */
export function termNamed(name: string | null): TermId | null {
  return termIds.find((id) => id === name) ?? null;
}
