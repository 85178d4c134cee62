/**
 * Loads TensorFlow through its Node binding and registers all kernels and gradients. Importing this file takes about a
 * second and 400 MB; only job processes and tensor tests do it. The runtime's libraries must be on the library path
 * already (`engine/runtime/environment.ts`).
 */
import { createRequire } from 'node:module';
import { registerKernels } from './kernels.ts';
import { setTensorFloat32 } from './session/tensor-float-32.ts';

const require = createRequire(import.meta.url);

// tfjs-node 4.22 calls util.isNullOrUndefined, which Node 23 removed.
const util = require('node:util') as { isNullOrUndefined?: (value: unknown) => boolean };
util.isNullOrUndefined ??= (value) => value === null || value === undefined;

const tf = require('@tensorflow/tfjs-node-gpu') as typeof import('@tensorflow/tfjs-node-gpu');

registerKernels(tf);
setTensorFloat32();

export { tf };
