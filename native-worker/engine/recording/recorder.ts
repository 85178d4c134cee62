import type { Tensor } from '@tensorflow/tfjs-core';
import { AppError } from '../../../contract/errors.ts';
import { type Binding, type OpAttribute, type OutputInfo, type Values, backend } from '../binding.ts';
import { attr, type GraphBuilder, outputOf, type Value } from './builder.ts';
import { isFloating, MixedTypes, type Reduced } from './mixed-types.ts';
import { type AttrValue, DataType } from '../proto/tensorflow_pb.js';
import { inferOutputs, UnknownOp } from './shape-rules.ts';

/** Tensors made before the recording become constants of the graph up to this many numbers; larger ones are inputs. */
const LARGEST_CAPTURE = 4096;

const typeCodes: Readonly<Record<string, DataType>> = {
  float32: DataType.DT_FLOAT,
  int32: DataType.DT_INT32,
  bool: DataType.DT_BOOL,
};

/**
 * Records a tfjs program into a graph: while it runs, every kernel call becomes a node, and nothing is computed. All
 * kernels of tfjs-node end in its native binding, so that is what is replaced.
 *
 * With a reduced type some values are of that type while tfjs goes on calling them float32.
 *
 * Tensors of a recording have negative ids, so that they can't be mistaken for real ones; they mean something inside
 * `run` only.
 */
export class Recorder {
  readonly #builder: GraphBuilder;
  readonly #types: MixedTypes;
  readonly #backend = backend();
  readonly #real = this.#backend.binding;
  readonly #values = new Map<number, Value>();
  /** What is known of tensors from outside that the program uses. */
  readonly #outside = new Map<number, { readonly shape: readonly number[]; readonly dtype: DataType }>();
  #nextId = -2; // −1 is tfjs-node's "not on the device yet"

  /** @param reduced the type of what is reduced; null: everything is float32 */
  constructor(builder: GraphBuilder, reduced: Reduced | null = null) {
    this.#builder = builder;
    this.#types = new MixedTypes(builder, reduced);
  }

  /** A tensor that stands for a value of the graph. */
  tensor(value: Value): Tensor {
    return this.#backend.createOutputTensor(this.#info(value));
  }

  /** The value of the graph that a tensor stands for, in float32 if it is floating. Call it inside `run`. */
  value(tensor: Tensor): Value {
    return this.#types.restore(this.#known(tensor));
  }

  /** The same tensor in the reduced type, or, if there is none, in float32. Call it inside `run`. */
  reduce<T extends Tensor>(tensor: T): T {
    return this.tensor(this.#types.reduce(this.#known(tensor))) as T;
  }

  /** The same tensor in float32. Call it inside `run`. */
  restore<T extends Tensor>(tensor: T): T {
    return this.tensor(this.value(tensor)) as T;
  }

  /**
   * Runs `program` with the recorder in place of TensorFlow.
   *
   * @throws {AppError} 'internal' if it reads the numbers of a tensor, uses an op without a shape rule, or uses a large
   *   tensor from outside
   */
  run<T>(program: () => T): T {
    const backend = this.#backend;
    const noteIds = backend.getInputTensorIds.bind(backend);
    const write = backend.write.bind(backend);
    const written = new WeakSet();
    backend.write = (values, shape, dtype) => {
      const dataId = write(values, shape, dtype);
      written.add(dataId);
      return dataId;
    };
    // What was made before goes to the device for good, if it isn't there yet; it may be used after this recording.
    const idOf = (tensor: Tensor): number => {
      if (written.has(tensor.dataId)) return noteIds([tensor])[0]!;
      const recording = backend.binding;
      backend.binding = this.#real;
      const [id] = noteIds([tensor]);
      backend.binding = recording;
      return id!;
    };
    backend.getInputTensorIds = (tensors) => this.#note(tensors, tensors.map(idOf));
    backend.binding = this.#recordingBinding();
    try {
      return program();
    } finally {
      backend.binding = this.#real;
      // The class's own show again.
      Reflect.deleteProperty(backend, 'getInputTensorIds');
      Reflect.deleteProperty(backend, 'write');
    }
  }

  #recordingBinding(): Binding {
    const recording = Object.create(this.#real) as Binding;
    // Plain assignment would do nothing: the binding's own properties are read-only.
    const replace = (name: keyof Binding, value: unknown): void => {
      Object.defineProperty(recording, name, { value });
    };
    replace('executeOp', (op: string, attributes: OpAttribute[], inputs: number[], outputs: number) =>
      this.#record(op, attributes, inputs, outputs),
    );
    replace('createTensor', (shape: number[], dtype: DataType, values: Values | number[]) =>
      this.#remember(this.#builder.constant(dtype, shape, typed(dtype, values))),
    );
    replace('deleteTensor', (id: number) => {
      if (id >= 0) this.#real.deleteTensor(id);
    });
    replace('tensorDataSync', (id: number) => this.#read(id));
    return recording;
  }

  #known(tensor: Tensor): Value {
    const [id] = this.#backend.getInputTensorIds([tensor]);
    return this.#lookUp(id!, 'the result');
  }

  /** What tfjs is told of a value: it knows no reduced types. */
  #info(value: Value): OutputInfo {
    const reduced = value.dtype === DataType.DT_BFLOAT16 || value.dtype === DataType.DT_HALF;
    return {
      id: this.#remember(value),
      shape: [...value.shape],
      dtype: reduced ? DataType.DT_FLOAT : value.dtype,
    };
  }

  #remember(value: Value): number {
    const id = this.#nextId--;
    this.#values.set(id, value);
    return id;
  }

  #note(tensors: readonly Tensor[], ids: number[]): number[] {
    for (const [index, id] of ids.entries()) {
      const { shape, dtype } = tensors[index]!;
      if (id >= 0) this.#outside.set(id, { shape, dtype: typeCodes[dtype]! });
    }
    return ids;
  }

  #lookUp(id: number, user: string): Value {
    const known = this.#values.get(id);
    if (known !== undefined) return known;
    const outside = this.#outside.get(id);
    if (outside === undefined) throw new AppError('internal', `${user} is a tensor of another recording`);
    const values = this.#real.tensorDataSync(id);
    if (values.length > LARGEST_CAPTURE) {
      throw new AppError(
        'internal',
        `${user} uses a tensor of ${values.length} numbers from outside the program; make it an input or state`,
      );
    }
    const value = this.#builder.constant(outside.dtype, outside.shape, values);
    this.#values.set(id, value);
    return value;
  }

  #read(id: number): Values {
    const { constant, ref } = this.#lookUp(id, 'dataSync');
    if (constant !== undefined) return constant;
    throw new AppError(
      'internal',
      `the program reads the numbers of ${ref} while it is recorded; give the tensor out as an output instead`,
    );
  }

  #record(op: string, attributes: readonly OpAttribute[], ids: readonly number[], outputs: number): OutputInfo[] {
    const given = ids.map((id) => this.#lookUp(id, op));
    // To tfjs every floating tensor is float32 already, reduced ones, too.
    if (op === 'Cast' && isFloating(given[0]!.dtype) && castsTo(attributes) === DataType.DT_FLOAT) {
      return [this.#info(given[0]!)];
    }
    const inputs = this.#types.agree(op, given);
    const inferred = infer(op, inputs, attributes);
    if (inferred.length !== outputs) throw new Error(`${op}: ${inferred.length} outputs instead of ${outputs}`);
    const attrs = Object.fromEntries(
      attributes.map((attribute) => [attribute.name, this.#attribute(op, attribute, inputs)]),
    );
    const refs = inputs.map(({ ref }) => ref);
    const node = this.#builder.add(op, refs, attrs);
    const values = inferred.map(({ dtype, shape }, index) => ({ ref: outputOf(node, index), dtype, shape }));
    this.#types.note(op, inputs, values, attrs);
    return values.map((value) => this.#info(value));
  }

  #attribute(op: string, { name, type, value }: OpAttribute, inputs: readonly Value[]): AttrValue {
    const codes = this.#real;
    if (type === codes.TF_ATTR_TYPE && value === codes.TF_FLOAT && isTypeOfInputs(op, name)) {
      return attr.type(inputs.find(({ dtype }) => isFloating(dtype))?.dtype ?? DataType.DT_FLOAT);
    }
    const list = Array.isArray(value);
    if (type === codes.TF_ATTR_STRING) return attr.string(value as string);
    if (type === codes.TF_ATTR_INT) return list ? attr.ints(value as number[]) : attr.int(value as number);
    if (type === codes.TF_ATTR_FLOAT) return attr.float(value as number);
    if (type === codes.TF_ATTR_BOOL) return attr.bool(value as boolean);
    if (type === codes.TF_ATTR_TYPE) return list ? attr.types(value as DataType[]) : attr.type(value as DataType);
    if (type === codes.TF_ATTR_SHAPE) return attr.shape(value as number[]);
    throw new Error(`attribute ${name} has the unknown type ${type}`);
  }
}

/** Whether an attribute names the type of the floating inputs, and not one that the op makes. */
function isTypeOfInputs(op: string, name: string): boolean {
  return name !== 'dtype' && !(op === 'Cast' && name === 'DstT');
}

function castsTo(attributes: readonly OpAttribute[]): unknown {
  return attributes.find(({ name }) => name === 'DstT')?.value;
}

function infer(
  op: string,
  inputs: readonly Value[],
  attributes: readonly OpAttribute[],
): ReturnType<typeof inferOutputs> {
  try {
    return inferOutputs(op, inputs, new Map(attributes.map(({ name, value }) => [name, value])));
  } catch (error) {
    if (!(error instanceof UnknownOp)) throw error;
    throw new AppError('internal', `the op ${op} can't be recorded: there is no rule for its output's shape`, {
      cause: error,
    });
  }
}

function typed(dtype: DataType, values: Values | number[]): Values {
  if (!Array.isArray(values)) return values;
  if (dtype === DataType.DT_FLOAT) return Float32Array.from(values);
  return dtype === DataType.DT_BOOL ? Uint8Array.from(values) : Int32Array.from(values);
}
