export interface TensorSpec {
  readonly shape: readonly number[];
  /** uint8 is for pictures, which are fed as they are; the program sees int32, for tfjs has no bytes. */
  readonly dtype: 'float32' | 'int32' | 'uint8' | 'bool';
  /** Of state: kept in the program's reduced type, if it has one. It is fed and read as float32 all the same. */
  readonly reduced?: boolean;
  /** Of state: names of its rows along the first axis, by which a session is fed and read instead. */
  readonly rows?: readonly string[] | undefined;
}

export type Specs = Readonly<Record<string, TensorSpec>>;

/** What a session has to know of tensors to feed them. */
export function asFed(specs: Specs): Specs {
  return Object.fromEntries(
    Object.entries(specs).map(([name, { shape, dtype, rows }]) => [name, { shape, dtype, ...(rows && { rows }) }]),
  );
}
