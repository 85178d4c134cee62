import * as z from 'zod';

/** What a worker tells the process that lends its devices to a run (`device-server.ts`), and what that answers. */

export const Lending = z.strictObject({
  /** Where the servers of all machines listen, in the order of their numbers. */
  hosts: z.array(z.string()),
  /** Which of them it is. */
  task: z.int(),
  /** Whether its devices are cards. */
  cards: z.boolean(),
  /** How many it has. */
  devices: z.int(),
});
export type Lending = z.infer<typeof Lending>;

export const LendingAnswer = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('listening'), /** Version of TensorFlow. */ tensorflow: z.string() }),
  z.strictObject({ kind: z.literal('failed'), message: z.string() }),
  z.strictObject({ kind: z.literal('lives') }),
]);
export type LendingAnswer = z.infer<typeof LendingAnswer>;
