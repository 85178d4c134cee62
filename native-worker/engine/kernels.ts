import type * as tfjs from '@tensorflow/tfjs-node-gpu';
import type { OpAttribute, TensorBackend } from './binding-types.ts';

/** What a kernel is called with. */
interface Call {
  readonly inputs: tfjs.NamedTensorInfoMap;
  readonly attrs?: unknown;
  readonly backend: unknown;
}

/**
 * Registers kernels of TensorFlow's that tfjs has no names for; `edm2/kernels.ts` says what they do and calls them. Each
 * does in one pass over memory what takes tfjs's own several.
 */
export function registerKernels(tf: Pick<typeof tfjs, 'registerKernel' | 'tensor1d' | 'tidy'>): void {
  const register = (
    kernelName: string,
    inputsOf: (call: Call) => tfjs.Tensor[],
    more: (binding: TensorBackend['binding']) => OpAttribute[] = () => [],
  ): void => {
    const kernelFunc = (call: Call): tfjs.Tensor => {
      const engine = call.backend as TensorBackend;
      const { binding } = engine;
      const type = { name: 'T', type: binding.TF_ATTR_TYPE, value: binding.TF_FLOAT };
      return tf.tidy(() => engine.executeSingleOutput(kernelName, [type, ...more(binding)], inputsOf(call)));
    };
    tf.registerKernel({ kernelName, backendName: 'tensorflow', kernelFunc });
  };

  register(
    'EuclideanNorm',
    ({ inputs, attrs }) => [inputs.x as tfjs.Tensor, tf.tensor1d((attrs as { axes: number[] }).axes, 'int32')],
    ({ TF_ATTR_BOOL, TF_ATTR_TYPE, TF_INT32 }) => [
      { name: 'keep_dims', type: TF_ATTR_BOOL, value: true },
      { name: 'Tidx', type: TF_ATTR_TYPE, value: TF_INT32 },
    ],
  );
  register('SigmoidGrad', ({ inputs }) => [inputs.y as tfjs.Tensor, inputs.dy as tfjs.Tensor]);
}
