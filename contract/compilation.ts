import * as z from 'zod';

/**
 * What XLA compiles of a step on a GPU. none: nothing. clusters: ops that TensorFlow finds together. network: forward pass,
 * gradients and what is done to weights, as one function.
 */
export const compilations = ['none', 'clusters', 'network'] as const;
export const Compilation = z.enum(compilations);
export type Compilation = z.infer<typeof Compilation>;

export const compilationWords: Readonly<Record<Compilation, string>> = {
  none: 'not compiled',
  clusters: 'compiled in clusters',
  network: 'the network compiled',
};
