import type * as tfjs from '@tensorflow/tfjs-node-gpu';
import type { TensorBackend } from './binding.ts';

/** What a kernel is called with. */
interface Call {
  readonly inputs: tfjs.NamedTensorInfoMap;
  readonly attrs?: unknown;
  readonly backend: unknown;
}

/**
 * Registers kernels of TensorFlow's that tfjs has no names for; `edm2/kernels.ts` says what they do and calls them. Each
 * does in one pass over memory what would take tfjs's own several.
 */
export function registerKernels(tf: Pick<typeof tfjs, 'registerKernel' | 'tidy' | 'tensor1d'>): void {
  const kernels: Record<string, (call: Call) => tfjs.Tensor> = {
    EuclideanNorm: ({ inputs, attrs, backend }) => {
      const { x } = inputs as { x: tfjs.Tensor };
      const { axes } = attrs as { axes: number[] };
      const engine = backend as TensorBackend;
      const { TF_ATTR_BOOL, TF_ATTR_TYPE, TF_FLOAT, TF_INT32 } = engine.binding;
      return tf.tidy(() =>
        engine.executeSingleOutput(
          'EuclideanNorm',
          [
            { name: 'keep_dims', type: TF_ATTR_BOOL, value: true },
            { name: 'T', type: TF_ATTR_TYPE, value: TF_FLOAT },
            { name: 'Tidx', type: TF_ATTR_TYPE, value: TF_INT32 },
          ],
          [x, tf.tensor1d(axes, 'int32')],
        ),
      );
    },
    SigmoidGrad: ({ inputs, backend }) => {
      const { y, dy } = inputs as { y: tfjs.Tensor; dy: tfjs.Tensor };
      const engine = backend as TensorBackend;
      const { TF_ATTR_TYPE, TF_FLOAT } = engine.binding;
      return engine.executeSingleOutput('SigmoidGrad', [{ name: 'T', type: TF_ATTR_TYPE, value: TF_FLOAT }], [y, dy]);
    },
  };
  for (const [kernelName, run] of Object.entries(kernels)) {
    tf.registerKernel({ kernelName, backendName: 'tensorflow', kernelFunc: (call) => run(call) });
  }
}
