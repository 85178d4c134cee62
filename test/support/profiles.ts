import { opKinds, type Profile } from '../../contract/profile.ts';

/** A measurement of a small step. */
export function exampleProfile(part: Partial<Profile> = {}): Profile {
  const none = Object.fromEntries(opKinds.map((kind) => [kind, { ops: 0, milliseconds: 0 }])) as Profile['kinds'];
  return {
    ...{ work: 'training', images: 16, sides: 1, device: 'CPU, 2 threads', ops: 5717 },
    ...{ milliseconds: 999, untracedMilliseconds: 512 },
    kinds: {
      ...none,
      convolution: { ops: 200, milliseconds: 750 },
      products: { ops: 40, milliseconds: 250 },
      weights: { ops: 5477, milliseconds: 0 },
    },
    slowest: Array.from({ length: 20 }, (_, index) => ({
      ...{ op: 'Conv2D', kind: 'convolution' as const, layer: index === 0 ? 'unet.out_conv' : null },
      ...{ milliseconds: 100 - index, output: index === 0 ? 'float32 [16,32,32,3]' : null },
    })),
    ...{ peakBytes: 312e6, peakOf: 'tensors' },
    ...part,
  };
}
