import { cApi, type Pointer } from './c-api.ts';
import { elements, elementTypeOf, inWords, sizeOf, type ElementType, type HostTensor } from './host-tensor.ts';
import { TensorFlowError } from './tensorflow-error.ts';

/**
 * A tensor in memory that TensorFlow owns. Numbers are copied in and out; nobody gets a pointer.
 *
 * It belongs to the session that made it, which lets go of it at the latest when it is closed.
 */
export class NativeTensor {
  readonly dtype: ElementType;
  readonly shape: readonly number[];
  readonly #onDispose: (tensor: NativeTensor) => void;
  #pointer: Pointer<'tensor'> | null;

  /**
   * @param pointer   this object's from now on
   * @param onDispose told once, when the memory is let go of
   * @throws {TensorFlowError} UNIMPLEMENTED for a type that we don't use; the tensor is deleted
   */
  private constructor(pointer: Pointer<'tensor'>, onDispose: (tensor: NativeTensor) => void) {
    const api = cApi();
    const code = api.type(pointer);
    const dtype = elementTypeOf(code);
    if (dtype === undefined) {
      api.deleteTensor(pointer);
      throw new TensorFlowError('UNIMPLEMENTED', `a tensor has TensorFlow's type ${code}, which no session here reads`);
    }
    this.dtype = dtype;
    this.shape = Array.from({ length: api.dimensions(pointer) }, (_, index) => api.dimension(pointer, index));
    this.#onDispose = onDispose;
    this.#pointer = pointer;
  }

  /** A tensor that TensorFlow made; it is this object's from now on. */
  static adopt(pointer: Pointer<'tensor'>, onDispose: (tensor: NativeTensor) => void): NativeTensor {
    return new NativeTensor(pointer, onDispose);
  }

  /**
   * A new tensor of any numbers.
   *
   * @throws {TensorFlowError} INVALID_ARGUMENT for a shape that is none, RESOURCE_EXHAUSTED if there is no memory
   */
  static allocate(
    dtype: ElementType,
    shape: readonly number[],
    onDispose: (tensor: NativeTensor) => void,
  ): NativeTensor {
    if (!shape.every((size) => Number.isSafeInteger(size) && size >= 0)) {
      throw new TensorFlowError('INVALID_ARGUMENT', `[${shape.join()}] is no shape`);
    }
    const api = cApi();
    const { code, bytes } = elements[dtype];
    const size = sizeOf(shape) * bytes;
    const pointer = api.allocate(code, BigInt64Array.from(shape, BigInt), shape.length, size);
    if (pointer === null || (size > 0 && !api.hasData(pointer))) {
      if (pointer !== null) api.deleteTensor(pointer);
      throw new TensorFlowError('RESOURCE_EXHAUSTED', `there is no memory for ${inWords({ dtype, shape })}`);
    }
    return new NativeTensor(pointer, onDispose);
  }

  /** @throws {TensorFlowError} INVALID_ARGUMENT for numbers of another type or count, FAILED_PRECONDITION if disposed */
  write(host: HostTensor): void {
    this.#write(host, this.shape, 0);
  }

  /** One row along the first axis. @throws {TensorFlowError} as `write` */
  writeRow(index: number, host: HostTensor): void {
    this.#write(host, this.shape.slice(1), index);
  }

  /** A copy of the numbers. @throws {TensorFlowError} FAILED_PRECONDITION if disposed */
  read(): HostTensor {
    return this.#read(this.shape, 0);
  }

  /** A copy of one row along the first axis. @throws {TensorFlowError} FAILED_PRECONDITION if disposed */
  readRow(index: number): HostTensor {
    return this.#read(this.shape.slice(1), index);
  }

  /** @param at counted in tensors of such a shape */
  #write({ dtype, shape, values }: HostTensor, wanted: readonly number[], at: number): void {
    const pointer = this.pointer();
    const { array, bytes } = elements[this.dtype];
    const size = sizeOf(wanted);
    const fits = dtype === this.dtype && shape.join() === wanted.join();
    if (!fits || values.length !== size || !(values instanceof array)) {
      throw new TensorFlowError(
        'INVALID_ARGUMENT',
        `${values.length} numbers of ${inWords({ dtype, shape })} do not fit into ${inWords({ dtype: this.dtype, shape: wanted })}`,
      );
    }
    if (size > 0) cApi().write(pointer, at * size * bytes, values);
  }

  /** @param at counted in tensors of such a shape */
  #read(shape: readonly number[], at: number): HostTensor {
    const pointer = this.pointer();
    const { array, bytes } = elements[this.dtype];
    if (cApi().byteSize(pointer) !== sizeOf(this.shape) * bytes) {
      throw new TensorFlowError('INTERNAL', `${inWords(this)} has ${cApi().byteSize(pointer)} bytes`);
    }
    const values = new array(sizeOf(shape));
    if (values.length > 0) cApi().readInto(values, pointer, at * values.length * bytes);
    return { dtype: this.dtype, shape, values };
  }

  /** For the session. @throws {TensorFlowError} FAILED_PRECONDITION if disposed */
  pointer(): Pointer<'tensor'> {
    if (this.#pointer === null) {
      throw new TensorFlowError('FAILED_PRECONDITION', `a tensor ${inWords(this)} is used after it was disposed`);
    }
    return this.#pointer;
  }

  /** Lets go of the memory; a second time does nothing. */
  dispose(): void {
    if (this.#pointer === null) return;
    cApi().deleteTensor(this.#pointer);
    this.#pointer = null;
    this.#onDispose(this);
  }
}
