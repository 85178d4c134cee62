/**
 * Loads TensorFlow before a tensor test file. The library path of the runtime must be in the environment already:
 * `scripts/test.mjs` puts it there (a process can't change it for itself).
 */
import '../../native-worker/engine/tensorflow.ts';
