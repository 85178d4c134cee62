import { GenerateRequest } from '../../contract/samples.ts';

/** A job that draws 32 pictures at once. */
export const sampleJob = {
  kind: 'sample',
  request: GenerateRequest.parse({
    model: { kind: 'snapshot', snapshotId: 1 },
    seeds: [1],
    labels: [null],
    columns: 1,
    sampler: {},
    batchSize: 32,
  }),
} as const;
