import { expect, test } from 'vitest';
import { nodeNames } from '../../../../native-worker/cli/cluster/node-list.ts';

test.each([
  ['login', ['login']],
  ['gpu1,gpu2', ['gpu1', 'gpu2']],
  ['gpu[01-03,07],login', ['gpu01', 'gpu02', 'gpu03', 'gpu07', 'login']],
  ['gpu[8-11]', ['gpu8', 'gpu9', 'gpu10', 'gpu11']],
  ['gpu[08-11]', ['gpu08', 'gpu09', 'gpu10', 'gpu11']],
  ['rack[1-2]n[0-1]', ['rack1n0', 'rack1n1', 'rack2n0', 'rack2n1']],
  ['a[1]-b.example.org', ['a1-b.example.org']],
])('%s is %j', (list, names) => {
  expect(nodeNames(list)).toEqual(names);
});

test.each([[''], ['gpu['], ['gpu[]'], ['gpu[3-1]'], ['gpu[a-b]'], ['gpu[0-99999999]'], ['gpu 1'], ['a;b']])(
  '%j can’t be read',
  (list) => {
    expect(() => nodeNames(list)).toThrow(/can't be read/);
  },
);
