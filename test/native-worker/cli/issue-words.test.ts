import { expect, test } from 'vitest';
import { configFrom } from '../../../native-worker/cli/arguments.ts';

test.each([
  ['training.learningRate=-1', 'training.learningRate must be more than 0.'],
  ['training.batchSize=0', 'training.batchSize must be at least 1.'],
  ['training.sigmaRels=[0.4]', 'training.sigmaRels.0 must be less than 0.288675.'],
  ['network.numBlocks=99', 'network.numBlocks must be at most 8.'],
  ['training.horizontalFlips=perhaps', 'training.horizontalFlips must be true or false.'],
  ['network.channelMult=2', 'network.channelMult must be a list, such as [1,2,2].'],
  ['network.channelMult=[]', 'network.channelMult must have at least 1 entry.'],
  [
    'training.microBatch=5',
    'training.microBatch is not possible: batch size 32 is not a multiple of micro-batch 5; the nearest that divide it are 4 and 8.',
  ],
])('--set %s is answered with what the value may be', (setting, sentence) => {
  expect(() => configFrom('demo', [setting])).toThrow(sentence);
});
