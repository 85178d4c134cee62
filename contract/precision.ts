import * as z from 'zod';

/**
 * Type of the activations inside the network. Weights, their averages, the optimiser and the loss are float32 always.
 * fp32: float32. bf16: bfloat16, the range of float32 with 8 bits of precision. fp16: IEEE half, 11 bits of precision
 * and a range that the loss must be scaled for.
 */
export const precisions = ['fp32', 'bf16', 'fp16'] as const;
export const Precision = z.enum(precisions);
export type Precision = z.infer<typeof Precision>;
