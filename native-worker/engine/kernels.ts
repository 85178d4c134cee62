import type * as tfjs from '@tensorflow/tfjs-node-gpu';
import type { OpAttribute, TensorBackend } from './binding-types.ts';

/** What a kernel is called with. */
interface Call {
  readonly inputs: tfjs.NamedTensorInfoMap;
  readonly attrs?: unknown;
  readonly backend: unknown;
}

/**
 * Registers kernels of TensorFlow's that tfjs has no names for; `edm2/tensors/kernels.ts` says what they do and calls them. Each
 * does in one pass over memory what takes tfjs's own several.
 */
export function registerKernels(tf: Pick<typeof tfjs, 'registerKernel' | 'scalar' | 'tensor1d' | 'tidy'>): void {
  const register = (
    kernelName: string,
    inputsOf: (call: Call) => tfjs.Tensor[],
    attributes: (binding: TensorBackend['binding']) => OpAttribute[],
    op = kernelName,
  ): void => {
    const kernelFunc = (call: Call): tfjs.Tensor => {
      const engine = call.backend as TensorBackend;
      return tf.tidy(() => engine.executeSingleOutput(op, attributes(engine.binding), inputsOf(call)));
    };
    tf.registerKernel({ kernelName, backendName: 'tensorflow', kernelFunc });
  };
  const type = ({ TF_ATTR_TYPE }: TensorBackend['binding'], name: string, value: number): OpAttribute => ({
    name,
    type: TF_ATTR_TYPE,
    value,
  });

  register(
    'EuclideanNorm',
    ({ inputs, attrs }) => [inputs.x as tfjs.Tensor, tf.tensor1d((attrs as { axes: number[] }).axes, 'int32')],
    (binding) => [
      type(binding, 'T', binding.TF_FLOAT),
      { name: 'keep_dims', type: binding.TF_ATTR_BOOL, value: true },
      type(binding, 'Tidx', binding.TF_INT32),
    ],
  );
  // tfjs's own is two passes over memory.
  register(
    'Clip',
    ({ inputs, attrs }) => {
      const { limit } = attrs as { limit: number };
      return [inputs.x as tfjs.Tensor, tf.scalar(-limit), tf.scalar(limit)];
    },
    (binding) => [type(binding, 'T', binding.TF_FLOAT)],
    'ClipByValue',
  );
  register(
    'DivNoNan',
    ({ inputs }) => [inputs.a as tfjs.Tensor, inputs.b as tfjs.Tensor],
    (binding) => [type(binding, 'T', binding.TF_FLOAT)],
  );
  // tfjs's own GatherV2 reads all indices back to check them, which a recording can't.
  register(
    'LookUp',
    ({ inputs }) => [inputs.table as tfjs.Tensor, inputs.indices as tfjs.Tensor, tf.scalar(0, 'int32')],
    (binding) => [
      type(binding, 'Tparams', binding.TF_FLOAT),
      type(binding, 'Tindices', binding.TF_INT32),
      type(binding, 'Taxis', binding.TF_INT32),
      { name: 'batch_dims', type: binding.TF_ATTR_INT, value: 0 },
    ],
    'GatherV2',
  );
}
