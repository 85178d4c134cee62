import { expect, test } from 'vitest';
import { planNetwork } from '../../../contract/architecture.ts';
import { rungs } from '../../../contract/ladder.ts';
import { NetworkConfig } from '../../../contract/network.ts';
import { readFacts, snapshotMetadata } from '../../../native-worker/jobs/snapshot-facts.ts';
import type { SafetensorsFile } from '../../../native-worker/store/safetensors.ts';

const config = NetworkConfig.parse({
  ...{ modelChannels: 64, channelMult: [1], numBlocks: 1, attnResolutions: [], switches: rungs.C.switches },
});
const facts = {
  nimg: 64,
  sigmaRel: 0.1,
  plan: planNetwork(config, { resolution: 8, channels: 3, labelDim: 2 }),
  classes: ['blue', 'red'],
};
const written = snapshotMetadata(facts, { kind: 'snapshot', runId: 1 });
const fileOf = (metadata: Record<string, string>): SafetensorsFile => ({ metadata }) as unknown as SafetensorsFile;

test('what a snapshot says of itself is read as it was written', () => {
  expect(readFacts(fileOf(written), 'a')).toEqual(facts);
});

test('a snapshot of format 1, whose network had a ladder, is read with its switches', () => {
  const { switches, ...widths } = config;
  const network = JSON.stringify({ ...widths, ladder: switches });
  expect(readFacts(fileOf({ ...written, format: 'edm2-snapshot/1', network }), 'a')).toEqual(facts);
});

test('a snapshot of a format that is not known is refused', () => {
  expect(() => readFacts(fileOf({ ...written, format: 'edm2-snapshot/3' }), 'a')).toThrow(/a is not a snapshot/);
});
