import type { LayerPart, OpKind } from '../../../contract/profile.ts';

/** Ops by what they compute; a name that ends in * stands for all that begin so. */
const byName: readonly (readonly [OpKind, readonly string[]])[] = [
  ['convolution', ['Conv2D*', 'Conv3D*', 'DepthwiseConv2d*']],
  ['products', ['MatMul', 'BatchMatMul*', 'Einsum']],
  ['optimiser', ['ResourceApply*', 'AssignAddVariableOp', 'AssignSubVariableOp']],
  ['random', ['StatelessRandom*', 'Random*', 'StatelessTruncatedNormal*']],
  [
    'copies',
    [
      ...['Cast', 'DeepCopy', 'Identity', 'IdentityN', 'Snapshot', 'AssignVariableOp', 'Bitcast', 'Memcpy*'],
      ...['Transpose*', 'Reshape', 'Squeeze', 'ExpandDims', 'BroadcastTo', 'Tile', 'Reverse*', 'Pad*', 'MirrorPad*'],
      ...['Pack', 'Unpack', 'Split*', 'Concat*', 'Slice', 'StridedSlice*', 'Gather*', 'ScatterNd', 'OneHot', 'Fill'],
      ...['ZerosLike', 'OnesLike', 'Resize*', 'SpaceToDepth', 'DepthToSpace'],
    ],
  ],
  [
    'elementwise',
    [
      ...['Add*', 'Sub', 'Mul', 'MulNoNan', 'Div*', 'RealDiv', 'FloorDiv', 'FloorMod', 'Square*', 'Sqrt*', 'Rsqrt*'],
      ...[
        'Reciprocal*',
        'Inv*',
        'Neg',
        'Abs',
        'Sign',
        'Exp*',
        'Log*',
        'Pow',
        'Sin',
        'Cos',
        'Atan2',
        'Tanh*',
        'Erf',
        'Sigmoid*',
      ],
      ...[
        'Swish*',
        'Relu*',
        'Elu*',
        'LeakyRelu*',
        'Softplus*',
        'Softmax*',
        'Maximum',
        'Minimum',
        'ClipByValue',
        'Round',
      ],
      ...[
        'Floor',
        'Ceil',
        'Select*',
        'Where',
        'Greater*',
        'Less*',
        'Equal',
        'NotEqual',
        'Logical*',
        'IsFinite',
        'IsNan',
      ],
      ...[
        'IsInf',
        'Sum',
        'Mean',
        'Prod',
        'Max',
        'Min',
        'All',
        'Any',
        'EuclideanNorm',
        'L2Loss',
        'BiasAdd*',
        'AvgPool*',
      ],
      ...['MaxPool*', 'Cumsum', 'ArgMax', 'ArgMin', '_UnaryOpsComposition'],
    ],
  ],
];

const exact = new Map<string, OpKind>();
const patterns: (readonly [RegExp, OpKind])[] = [];
for (const [kind, names] of byName) {
  for (const name of names) {
    if (name.includes('*')) patterns.push([new RegExp(`^${name.replaceAll('*', '\\w*')}$`), kind]);
    else exact.set(name, kind);
  }
}

/**
 * What an op is for. What is done to weights and by the optimiser counts as theirs, whatever is computed.
 *
 * @param op TensorFlow's name, without what says by whom it is computed
 */
export function kindOf(op: string, part: LayerPart | null): OpKind {
  if (part === 'weights' || part === 'optimiser') return part;
  return exact.get(op) ?? patterns.find(([pattern]) => pattern.test(op))?.[1] ?? 'other';
}
