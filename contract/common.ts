import * as z from 'zod';

/** A row id of the library. */
export const Id = z.int().positive();

/** Milliseconds since 1970, UTC. */
export const Timestamp = z.number().nonnegative();

/** A number that JSON can't hold when it is not finite: null stands for NaN and ±Infinity. */
export const Measured = z.number().nullable();
