import { DataType } from '../proto/tensorflow_pb.js';
import type { Value } from './builder.ts';

/** An attribute as the binding gets it: TensorFlow's name and a plain value. */
export type Attributes = ReadonlyMap<string, unknown>;

type Shape = readonly number[];
interface Output {
  dtype: DataType;
  shape: Shape;
}
type Rule = (inputs: readonly Value[], attributes: Attributes) => Output[];

/** Thrown for an op without a rule here; the recorder turns it into a sentence. */
export class UnknownOp extends Error {}

/**
 * What comes out of an op, without computing it. A program is recorded by these rules alone, so that recording takes
 * neither time nor memory. Each rule is checked against TensorFlow itself by the tests.
 *
 * @param op         TensorFlow's name
 * @param inputs     types, shapes, and values where they are constant
 * @param attributes as given to the op
 */
export function inferOutputs(op: string, inputs: readonly Value[], attributes: Attributes): Output[] {
  const rule = rules.get(op);
  if (rule === undefined) throw new UnknownOp(op);
  return rule(inputs, attributes);
}

/** NumPy's broadcasting. */
export function broadcast(a: Shape, b: Shape): number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const p = a[a.length - rank + i] ?? 1;
    const q = b[b.length - rank + i] ?? 1;
    if (p !== q && p !== 1 && q !== 1) throw new Error(`shapes [${a.join()}] and [${b.join()}] do not fit`);
    return p === 1 ? q : p;
  });
}

function constant(inputs: readonly Value[], index: number): number[] {
  const value = inputs[index]?.constant;
  if (value === undefined) throw new Error(`input ${index} decides the shape and must be a constant`);
  return Array.from(value);
}

const same: Rule = ([x]) => [{ dtype: x!.dtype, shape: x!.shape }];
const binary: Rule = ([a, b]) => [{ dtype: a!.dtype, shape: broadcast(a!.shape, b!.shape) }];
const comparison: Rule = ([a, b]) => [{ dtype: DataType.DT_BOOL, shape: broadcast(a!.shape, b!.shape) }];

const reduction: Rule = (inputs, attributes) => {
  const { dtype, shape } = inputs[0]!;
  const axes = new Set(constant(inputs, 1).map((axis) => (axis < 0 ? axis + shape.length : axis)));
  const kept = attributes.get('keep_dims') === true;
  return [{ dtype, shape: shape.flatMap((size, i) => (axes.has(i) ? (kept ? [1] : []) : [size])) }];
};

const matMul: Rule = ([a, b], attributes) => {
  const left = [...a!.shape];
  const right = [...b!.shape];
  const flip = (shape: number[]): void => void shape.push(...shape.splice(-2).reverse());
  if (attributes.get('adj_x') === true || attributes.get('transpose_a') === true) flip(left);
  if (attributes.get('adj_y') === true || attributes.get('transpose_b') === true) flip(right);
  const batch = broadcast(left.slice(0, -2), right.slice(0, -2));
  return [{ dtype: a!.dtype, shape: [...batch, left.at(-2)!, right.at(-1)!] }];
};

function window(size: number, filter: number, stride: number, padding: unknown): number {
  return padding === 'SAME' ? Math.ceil(size / stride) : Math.ceil((size - filter + 1) / stride);
}

/** A window of this size slides over [N, H, W, C]. */
function slide(x: Value, [height, width]: Shape, channels: number, attributes: Attributes): Output[] {
  const [n, rows, columns] = x.shape as [number, number, number];
  const [, down, right] = attributes.get('strides') as [number, number, number];
  const padding = attributes.get('padding');
  const shape = [n, window(rows, height!, down, padding), window(columns, width!, right, padding), channels];
  return [{ dtype: x.dtype, shape }];
}

const conv2d: Rule = ([x, w], attributes) => slide(x!, w!.shape.slice(0, 2), w!.shape[3]!, attributes);

const pool: Rule = ([x], attributes) =>
  slide(x!, (attributes.get('ksize') as number[]).slice(1, 3), x!.shape[3]!, attributes);

/** The output has the shape that a constant input spells out. */
const shapedBy =
  (shapeInput: number, typeInput: number): Rule =>
  (inputs) => [{ dtype: inputs[typeInput]!.dtype, shape: constant(inputs, shapeInput) }];

const random: Rule = (inputs, attributes) => [
  { dtype: attributes.get('dtype') as DataType, shape: constant(inputs, 0) },
];

const reshape: Rule = (inputs) => {
  const { dtype, shape } = inputs[0]!;
  const size = shape.reduce((a, b) => a * b, 1);
  const wanted = constant(inputs, 1);
  const known = wanted.reduce((a, b) => (b < 0 ? a : a * b), 1);
  return [{ dtype, shape: wanted.map((d) => (d < 0 ? size / known : d)) }];
};

const concat: Rule = (inputs) => {
  const parts = inputs.slice(0, -1);
  const { dtype, shape } = parts[0]!;
  const axis = (constant(inputs, inputs.length - 1)[0]! + shape.length) % shape.length;
  const total = parts.reduce((sum, part) => sum + part.shape[axis]!, 0);
  return [{ dtype, shape: shape.map((size, i) => (i === axis ? total : size)) }];
};

const splitV: Rule = (inputs) => {
  const { dtype, shape } = inputs[0]!;
  const axis = (constant(inputs, 2)[0]! + shape.length) % shape.length;
  return constant(inputs, 1).map((part) => ({ dtype, shape: shape.map((size, i) => (i === axis ? part : size)) }));
};

const slice: Rule = (inputs) => {
  const { dtype, shape } = inputs[0]!;
  const begin = constant(inputs, 1);
  return [{ dtype, shape: constant(inputs, 2).map((size, i) => (size < 0 ? shape[i]! - begin[i]! : size)) }];
};

const gather: Rule = (inputs) => {
  const [x, indices] = inputs as [Value, Value];
  const axis = (constant(inputs, 2)[0]! + x.shape.length) % x.shape.length;
  return [{ dtype: x.dtype, shape: [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)] }];
};

const pack: Rule = (inputs, attributes) => {
  const { dtype, shape } = inputs[0]!;
  const axis = ((attributes.get('axis') as number) + shape.length + 1) % (shape.length + 1);
  return [{ dtype, shape: [...shape.slice(0, axis), inputs.length, ...shape.slice(axis)] }];
};

const unpack: Rule = ([x], attributes) => {
  const axis = ((attributes.get('axis') as number) + x!.shape.length) % x!.shape.length;
  const shape = x!.shape.filter((_, i) => i !== axis);
  return Array.from({ length: x!.shape[axis]! }, () => ({ dtype: x!.dtype, shape }));
};

const pad: Rule = (inputs) => {
  const paddings = constant(inputs, 1);
  return [
    { dtype: inputs[0]!.dtype, shape: inputs[0]!.shape.map((d, i) => d + paddings[2 * i]! + paddings[2 * i + 1]!) },
  ];
};

const rules: ReadonlyMap<string, Rule> = new Map<string, Rule>([
  ...[
    'Abs',
    'Cos',
    'Erf',
    'Exp',
    'Expm1',
    'Log',
    'Log1p',
    'Neg',
    'Reciprocal',
    'Relu',
    'Round',
    'Rsqrt',
    'Sigmoid',
    'Sin',
    'Softmax',
    'Softplus',
    'Sqrt',
    'Square',
    'Tanh',
    'ZerosLike',
    'Floor',
    'Ceil',
    'Sign',
    'ReverseV2',
    'ClipByValue',
    'LogicalNot',
  ].map((op): [string, Rule] => [op, same]),
  ...[
    'Add',
    'Sub',
    'Mul',
    'RealDiv',
    'DivNoNan',
    'Maximum',
    'Minimum',
    'Pow',
    'SquaredDifference',
    'FloorDiv',
    'FloorMod',
    'Atan2',
  ].map((op): [string, Rule] => [op, binary]),
  ...['Equal', 'NotEqual', 'Greater', 'GreaterEqual', 'Less', 'LessEqual', 'LogicalAnd', 'LogicalOr'].map(
    (op): [string, Rule] => [op, comparison],
  ),
  ...['EuclideanNorm', 'Sum', 'Mean', 'Max', 'Min', 'Prod', 'All', 'Any'].map((op): [string, Rule] => [op, reduction]),
  ['BatchMatMulV2', matMul],
  ...['IsFinite', 'IsNan', 'IsInf'].map((op): [string, Rule] => [
    op,
    ([x]) => [{ dtype: DataType.DT_BOOL, shape: x!.shape }],
  ]),
  ['Cast', ([x], attributes) => [{ dtype: attributes.get('DstT') as DataType, shape: x!.shape }]],
  ['Conv2D', conv2d],
  ['Conv2DBackpropInput', shapedBy(0, 1)],
  ['Conv2DBackpropFilter', shapedBy(1, 0)],
  ['AvgPool', pool],
  ['MaxPool', pool],
  ['AvgPoolGrad', shapedBy(0, 1)],
  ['Reshape', reshape],
  ['Fill', shapedBy(0, 1)],
  ['StatelessRandomNormal', random],
  ['StatelessRandomUniform', random],
  [
    'Transpose',
    (inputs) => [{ dtype: inputs[0]!.dtype, shape: constant(inputs, 1).map((axis) => inputs[0]!.shape[axis]!) }],
  ],
  [
    'Tile',
    (inputs) => [
      { dtype: inputs[0]!.dtype, shape: constant(inputs, 1).map((times, i) => times * inputs[0]!.shape[i]!) },
    ],
  ],
  ['ConcatV2', concat],
  ['SplitV', splitV],
  ['Slice', slice],
  ['GatherV2', gather],
  ['Pack', pack],
  ['Unpack', unpack],
  ['PadV2', pad],
  [
    'ExpandDims',
    (inputs) => {
      const { dtype, shape } = inputs[0]!;
      const axis = (constant(inputs, 1)[0]! + shape.length + 1) % (shape.length + 1);
      return [{ dtype, shape: [...shape.slice(0, axis), 1, ...shape.slice(axis)] }];
    },
  ],
  ['Select', ([, a]) => [{ dtype: a!.dtype, shape: a!.shape }]],
  ['OneHot', (inputs) => [{ dtype: inputs[2]!.dtype, shape: [...inputs[0]!.shape, constant(inputs, 1)[0]!] }]],
]);

/** Names of the ops that can be recorded. */
export function ruledOps(): string[] {
  return [...rules.keys()];
}
