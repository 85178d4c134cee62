import type { Tensor } from '@tensorflow/tfjs-core';
import { AppError } from '../../../contract/errors.ts';
import { attr, type GraphBuilder, type Value } from './builder.ts';
import { nodeNames } from './names.ts';
import { DataType } from '../proto/tensorflow_pb.js';
import type { Recorder } from './recorder.ts';

interface Variable {
  /** The node that holds it. */
  readonly handle: string;
  readonly dtype: DataType;
  readonly shape: readonly number[];
  /** Its value when the current entry begins. */
  read: Value;
}

/** Adam's numbers of a step, scalars. */
export interface AdamScalars {
  readonly learningRate: Tensor;
  /** beta1^k and beta2^k at step k = 1, 2, … */
  readonly firstPower: Tensor;
  readonly secondPower: Tensor;
  /** ε · sqrt(1 − beta2^k): TensorFlow adds it before the bias correction, PyTorch after. */
  readonly epsilon: Tensor;
}

const float32 = { T: attr.type(DataType.DT_FLOAT), use_locking: attr.bool(false) };

/**
 * The state of a session: one variable a tensor. An entry reads each once, at its beginning, and what it writes comes
 * after that read, so a program that takes state and returns state is a function of what was there before.
 */
export class Variables {
  readonly #builder: GraphBuilder;
  readonly #recorder: Recorder;
  readonly #variables = new Map<string, Variable>();
  /** Nodes of the current entry that change state. */
  updates: string[] = [];

  constructor(builder: GraphBuilder, recorder: Recorder) {
    this.#builder = builder;
    this.#recorder = recorder;
  }

  /** @param types as which it is fed and read, and as which it is kept */
  declare(
    name: string,
    { fed, kept }: { readonly fed: DataType; readonly kept: DataType },
    shape: readonly number[],
  ): void {
    const builder = this.#builder;
    const type = { dtype: attr.type(kept) };
    const stored = nodeNames.stored(name);
    const handle = builder.add('VarHandleOp', [], {
      ...type,
      shape: attr.shape(shape),
      shared_name: attr.string(stored),
      container: attr.string(''),
    });
    // The variable takes over the memory that is fed: nobody writes to it afterwards.
    const initial = builder.placeholder(nodeNames.initial(name), fed, shape);
    builder.add('AssignVariableOp', [handle, this.#as(initial, kept).ref], type, nodeNames.assigned(name));
    const read = builder.add('ReadVariableOp', [handle], type);
    const value = { ref: read, dtype: kept, shape };
    builder.add('Identity', [this.#as(value, fed).ref], { T: attr.type(fed) }, stored);
    this.#variables.set(name, { handle, dtype: kept, shape, read: value });
  }

  /** Begins an entry: everything is read anew. */
  begin(): void {
    this.updates = [];
    for (const variable of this.#variables.values()) {
      const ref = this.#builder.add('ReadVariableOp', [variable.handle], { dtype: attr.type(variable.dtype) });
      variable.read = { ...variable.read, ref };
    }
  }

  tensors(): Record<string, Tensor> {
    return Object.fromEntries([...this.#variables].map(([name, { read }]) => [name, this.#recorder.tensor(read)]));
  }

  /**
   * Stores a tensor; one that is what was read, or was stored in place, changes nothing.
   *
   * @throws {AppError} 'internal' if it has another shape than the state
   */
  assign(name: string, tensor: Tensor): string | null {
    const { handle, dtype, shape, read } = this.#find(name);
    if (tensor.shape.join() !== shape.join()) {
      throw new AppError(
        'internal',
        `the program changes the shape of ${name} from [${shape.join()}] to [${tensor.shape.join()}]; a graph keeps its shapes`,
      );
    }
    const value = this.#recorder.value(tensor);
    if (value.ref === read.ref || value.storedIn === name) return null;
    const node = this.#builder.add('AssignVariableOp', [handle, this.#as(value, dtype).ref, `^${read.ref}`], {
      dtype: attr.type(dtype),
    });
    this.updates.push(node);
    return node;
  }

  /**
   * Adam's step in place, as one kernel: moments and parameter are changed where they are.
   *
   * @param names     state of the parameter and of its moments
   * @param parameter its value before the step; need not be what was read
   * @returns         the parameter after the step
   */
  adam(
    names: { readonly parameter: string; readonly first: string; readonly second: string },
    parameter: Tensor,
    gradient: Tensor,
    scalars: AdamScalars,
    betas: { readonly first: number; readonly second: number },
  ): Tensor {
    const variable = this.#find(names.parameter);
    const first = this.#find(names.first);
    const second = this.#find(names.second);
    const ref = (tensor: Tensor): string => this.#recorder.value(tensor).ref;
    const before = this.assign(names.parameter, parameter);
    const applied = this.#builder.add(
      'ResourceApplyAdam',
      [
        variable.handle,
        first.handle,
        second.handle,
        ref(scalars.firstPower),
        ref(scalars.secondPower),
        ref(scalars.learningRate),
        this.#builder.scalar(betas.first).ref,
        this.#builder.scalar(betas.second).ref,
        ref(scalars.epsilon),
        ref(gradient),
        // What was read of it before the step stays what it was: whoever measures the step looks at both.
        `^${before ?? variable.read.ref}`,
      ],
      { ...float32, use_nesterov: attr.bool(false) },
    );
    this.updates.push(applied);
    const stored = this.#builder.add('ReadVariableOp', [variable.handle, `^${applied}`], {
      dtype: attr.type(variable.dtype),
    });
    return this.#recorder.tensor({ ...variable.read, ref: stored, storedIn: names.parameter });
  }

  /** state ← state + rate · (target − state), in place. */
  approach(name: string, target: Tensor, rate: Tensor): void {
    const { handle, read } = this.#find(name);
    const value = this.#recorder.value(target);
    const difference = this.#builder.add('Sub', [read.ref, value.ref], { T: float32.T });
    this.updates.push(
      this.#builder.add('ResourceApplyGradientDescent', [handle, this.#recorder.value(rate).ref, difference], float32),
    );
  }

  /** state ← state + addend, in place. */
  add(name: string, addend: Tensor): void {
    const { handle, dtype } = this.#find(name);
    const value = this.#recorder.value(addend);
    this.updates.push(this.#builder.add('AssignAddVariableOp', [handle, value.ref], { dtype: attr.type(dtype) }));
  }

  /** state ← 0. @param after is computed first; whatever needs the state as it was must be, then */
  clear(name: string, after: Tensor): void {
    const { handle, dtype, shape } = this.#find(name);
    const { ref } = this.#recorder.value(after);
    const zeros = this.#builder.add('Fill', [this.#builder.int32(shape).ref, this.#builder.scalar(0).ref, `^${ref}`], {
      T: attr.type(dtype),
      index_type: attr.type(DataType.DT_INT32),
    });
    this.updates.push(this.#builder.add('AssignVariableOp', [handle, zeros], { dtype: attr.type(dtype) }));
  }

  #as(value: Value, dtype: DataType): Value {
    return value.dtype === dtype ? value : this.#builder.cast(value, dtype);
  }

  #find(name: string): Variable {
    const variable = this.#variables.get(name);
    if (variable === undefined) throw new Error(`the program has no state ${name}`);
    return variable;
  }
}
