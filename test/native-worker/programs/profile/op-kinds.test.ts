import { expect, test } from 'vitest';
import { ruledOps } from '../../../../native-worker/engine/recording/shape-rules.ts';
import { kindOf } from '../../../../native-worker/programs/profile/op-kinds.ts';

test.each([
  ['Conv2D', 'convolution'],
  ['Conv2DBackpropFilter', 'convolution'],
  ['Conv2DBackpropInput', 'convolution'],
  ['BatchMatMulV2', 'products'],
  ['MatMul', 'products'],
  ['Mul', 'elementwise'],
  ['AddV2', 'elementwise'],
  ['AddN', 'elementwise'],
  ['SigmoidGrad', 'elementwise'],
  ['Softmax', 'elementwise'],
  ['EuclideanNorm', 'elementwise'],
  ['Sum', 'elementwise'],
  ['AvgPoolGrad', 'elementwise'],
  ['SelectV2', 'elementwise'],
  ['ResourceApplyAdam', 'optimiser'],
  ['ResourceApplyGradientDescent', 'optimiser'],
  ['AssignAddVariableOp', 'optimiser'],
  ['Cast', 'copies'],
  ['DeepCopy', 'copies'],
  ['Transpose', 'copies'],
  ['ConcatV2', 'copies'],
  ['SplitV', 'copies'],
  ['ResizeNearestNeighborGrad', 'copies'],
  ['MemcpyD2D', 'copies'],
  ['StatelessRandomNormalV2', 'random'],
  ['VarHandleOp', 'other'],
  ['Const', 'other'],
  ['SomethingNew', 'other'],
])('%s is of the kind %s', (op, kind) => {
  expect(kindOf(op, 'network')).toBe(kind);
  expect(kindOf(op, null)).toBe(kind);
});

test('whatever can be recorded is of a kind that a profile tells', () => {
  expect(ruledOps().filter((op) => kindOf(op, null) === 'other')).toEqual([]);
});

test('what is done to weights and by the optimiser counts as theirs, whatever is computed', () => {
  expect(kindOf('MatMul', 'weights')).toBe('weights');
  expect(kindOf('SomethingNew', 'weights')).toBe('weights');
  expect(kindOf('Select', 'optimiser')).toBe('optimiser');
  expect(kindOf('ReadVariableOp', 'optimiser')).toBe('optimiser');
});
