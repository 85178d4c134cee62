import { isFloat32, type Precision } from '../../contract/precision.ts';
import { backend } from './binding.ts';
import type { Reduced } from './recording/mixed-types.ts';
import { DataType } from './proto/tensorflow_pb.js';

/** Sums and what leads to them: in few bits they would lose more than single numbers do, and squares would overflow. */
const STATISTICS = ['Square', 'SquaredDifference', 'EuclideanNorm', 'Sum', 'Mean'];

/**
 * What a CPU computes in float32 beside the statistics: whatever works number by number. Processors with bfloat16 have
 * it for products only, TensorFlow emulates the rest, and all of it in bfloat16 was measured to take longer than casts
 * do. Ops that only move numbers keep the type that they meet.
 */
const NUMBER_BY_NUMBER = [
  ...[
    'Add',
    'AddV2',
    'AddN',
    'Sub',
    'Mul',
    'RealDiv',
    'DivNoNan',
    'Maximum',
    'Minimum',
    'ClipByValue',
    'Abs',
    'Neg',
    'Sign',
    'Pow',
  ],
  ...['Sqrt', 'Rsqrt', 'Reciprocal', 'Exp', 'Log', 'Cos', 'Sin', 'Sigmoid', 'Tanh', 'Relu', 'Softmax', 'Softplus'],
  ...['Select', 'SelectV2', 'Less', 'LessEqual', 'Greater', 'GreaterEqual', 'Equal', 'NotEqual'],
];

/**
 * How the loaded TensorFlow computes a precision; null: everything in float32.
 *
 * @param onGpu the device; a parameter for tests
 */
export function reducedTypeOf(precision: Precision, onGpu = backend().isUsingGpuDevice): Reduced | null {
  if (isFloat32(precision)) return null;
  return {
    type: precision === 'bf16' ? DataType.DT_BFLOAT16 : DataType.DT_HALF,
    inFloat32: [...STATISTICS, ...(onGpu ? [] : NUMBER_BY_NUMBER)],
  };
}
