/**
 * A process that counts its threads that compute: loads tfjs, runs one long product of matrices in a session of our own,
 * and prints how many threads did at least a tenth of the work. Linux.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { attr, GraphBuilder } from '../../native-worker/engine/recording/builder.ts';
import { DataType } from '../../native-worker/engine/proto/tensorflow_pb.js';
import { Session } from '../../native-worker/engine/session/session.ts';
import { tf } from '../../native-worker/engine/tensorflow.ts';

const SIZE = 1500;
const PRODUCTS = 24;

/** Clock ticks of processor time of each thread. */
function ticks(): Map<string, number> {
  const threads = readdirSync('/proc/self/task').map((thread): [string, number] => {
    const fields = readFileSync(`/proc/self/task/${thread}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    return [thread, Number(fields[11]) + Number(fields[12])];
  });
  return new Map(threads);
}

tf.add(1, 2).dataSync();
const graph = new GraphBuilder();
const type = { T: attr.type(DataType.DT_FLOAT) };
let y = graph.placeholder('x', DataType.DT_FLOAT, [SIZE, SIZE]).ref;
for (let product = 0; product < PRODUCTS; product++) y = graph.add('MatMul', [y, y], type);
const session = new Session(graph.graphDef([graph.add('Identity', [y], type, 'y')]));
const before = ticks();
await session.run({ feeds: { x: session.allocate('float32', [SIZE, SIZE]) }, fetches: ['y'] });
const used = [...ticks()].map(([thread, after]) => after - (before.get(thread) ?? 0));
const total = used.reduce((sum, one) => sum + one, 0);
process.stdout.write(`${used.filter((one) => one > total / 10).length}\n`, () => process.exit(0));
