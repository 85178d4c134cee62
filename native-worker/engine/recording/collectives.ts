import type { Tensor } from '@tensorflow/tfjs-core';
import { layerScope } from '../../../contract/profile.ts';
import { DataType } from '../proto/tensorflow_pb.js';
import { tf } from '../tensorflow.ts';
import { attr, type GraphBuilder } from './builder.ts';
import type { Recorder } from './recorder.ts';

/** Devices of a session are one group. */
const GROUP = 1;

/** Numbers that are summed at once, at least: 32 MB. */
const BUCKET = 8 * 2 ** 20;

/** Seconds after which TensorFlow gives up on a sum whose other devices don't come; 0: never, a run of the session may have a limit. */
const PATIENCE = 0;

/**
 * Sums over the devices of a session, each of which runs the same program (`towers.ts`).
 *
 * Small tensors travel together as one vector: a sum costs a round trip, whatever its size. The sums of a program happen
 * in the order in which they were recorded, on all devices the same, or two devices could wait for each other. The last
 * tensors come first: gradients of a network's end are there while those of its beginning are still computed.
 */
export class Collectives {
  readonly #builder: GraphBuilder;
  readonly #recorder: Recorder;
  readonly #devices: number;
  /** Number of the sum that was recorded last. */
  #number: number;
  /** The sum that was recorded last in the current entry. */
  #last: string | null = null;

  /**
   * @param devices that run the program; 1: there is nothing to add
   * @param before  number of a sum that another program has, from which on its own are counted
   */
  constructor(builder: GraphBuilder, recorder: Recorder, devices: number, before: number) {
    this.#builder = builder;
    this.#recorder = recorder;
    this.#devices = devices;
    this.#number = before;
  }

  /** Begins an entry. */
  begin(): void {
    this.#last = null;
  }

  /** Each tensor added up over all devices, in float32. Call it inside `Recorder.run`. */
  sum(tensors: Readonly<Record<string, Tensor>>): Record<string, Tensor> {
    if (this.#devices === 1) return { ...tensors };
    return tf.tidy(layerScope('optimiser', 'sum over devices'), () => {
      const summed = bucketsOf(Object.keys(tensors).reverse(), (name) => tensors[name]!.size).flatMap((names) => {
        const vector = this.#sum(
          tf.concat1d(names.map((name) => tf.reshape(this.#recorder.restore(tensors[name]!), [-1]))),
        );
        const sizes = names.map((name) => tensors[name]!.size);
        const parts = names.length === 1 ? [vector] : tf.split(vector, sizes);
        return names.map((name, index) => [name, tf.reshape(parts[index]!, tensors[name]!.shape)] as const);
      });
      return Object.fromEntries(summed);
    });
  }

  #sum(vector: Tensor): Tensor {
    const { ref, shape } = this.#recorder.value(vector);
    this.#number += 1;
    const numbers = [this.#devices, GROUP, this.#number].map((number) => this.#builder.int32([number], []).ref);
    const node = this.#builder.add(
      'CollectiveReduceV2',
      [ref, ...numbers, ...(this.#last === null ? [] : [`^${this.#last}`])],
      {
        T: attr.type(DataType.DT_FLOAT),
        merge_op: attr.string('Add'),
        final_op: attr.string('Id'),
        communication_hint: attr.string('auto'),
        timeout_seconds: attr.float(PATIENCE),
        is_stateless: attr.bool(false),
        Nordering_token: attr.int(0),
        max_subdivs_per_device: attr.int(-1),
      },
    );
    this.#last = node;
    return this.#recorder.tensor({ ref: node, dtype: DataType.DT_FLOAT, shape });
  }
}

/** Names in groups whose tensors are summed together, each of at least `BUCKET` numbers but for the last. */
export function bucketsOf(names: readonly string[], size: (name: string) => number): string[][] {
  const buckets: string[][] = [];
  let numbers = Infinity;
  for (const name of names) {
    if (numbers >= BUCKET) {
      buckets.push([]);
      numbers = 0;
    }
    buckets.at(-1)!.push(name);
    numbers += size(name);
  }
  return buckets;
}
