import type { Tensor } from '@tensorflow/tfjs-core';
import { layerOf } from '../../../contract/profile.ts';
import { tf } from '../tensorflow.ts';
import { type LayerNow, OF_INPUTS } from './builder.ts';
import { tidyName } from './names.ts';

/** tfjs's name of the scope in which it goes back along the tape. */
const BACKWARD = 'backward';

type Gradients = Readonly<Record<string, () => Tensor>>;

/** What we use of tfjs's engine that its typings keep private: it notes each op whose gradient may be wanted. */
interface TapeKeeper {
  addTapeNode(...noted: unknown[]): void;
  readonly state: { readonly activeTape: { gradient?: (dys: Tensor[]) => Gradients }[] };
}

/**
 * Knows which layer of a program an op belongs to, so that a trace can tell it.
 *
 * A program names its layers by tfjs's own scopes: what runs within `tf.tidy(layerScope('network', 'unet.out_conv'), …)`
 * belongs to that layer. The innermost one counts.
 *
 * The gradient of an op belongs to the layer that the op belongs to, though tfjs asks for it when that layer is over: the
 * layer is noted with each op of the tape. Where tfjs adds up gradients of a tensor that several ops used, the sum belongs
 * to the layer of the latest of them.
 */
export class Layers {
  /** The layer whose gradient is computed. */
  #backward: string | null = null;

  now(): LayerNow {
    if (this.#backward !== null) return this.#backward;
    const { scopeStack } = tf.engine().state;
    for (let at = scopeStack.length - 1; at >= 0; at -= 1) {
      const { name } = scopeStack[at]!;
      if (layerOf(name) !== null) return tidyName(name);
      if (name === BACKWARD) return OF_INPUTS;
    }
    return null;
  }

  /** Runs `program`, whose gradients belong to layers. */
  during<T>(program: () => T): T {
    const engine = tf.engine() as unknown as TapeKeeper;
    const add = engine.addTapeNode.bind(engine);
    engine.addTapeNode = (...noted) => {
      add(...noted);
      const layer = this.now();
      const node = engine.state.activeTape.at(-1)!;
      const { gradient } = node;
      if (typeof layer !== 'string' || gradient === undefined) return;
      node.gradient = (dys) => this.#backwardIn(layer, gradient, dys);
    };
    try {
      return program();
    } finally {
      Reflect.deleteProperty(engine, 'addTapeNode'); // the class's own shows again
    }
  }

  /** tfjs asks for the gradients first and computes each later. */
  #backwardIn(layer: string, gradient: (dys: Tensor[]) => Gradients, dys: Tensor[]): Gradients {
    const within = <T>(compute: () => T): T => {
      this.#backward = layer;
      try {
        return compute();
      } finally {
        this.#backward = null;
      }
    };
    const gradients = within(() => gradient(dys));
    return Object.fromEntries(
      Object.entries(gradients).map(([input, compute]) => [input, () => within(compute)] as const),
    );
  }
}
