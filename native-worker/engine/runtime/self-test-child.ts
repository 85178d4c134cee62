/**
 * The self-test's own process: loads TensorFlow as a job does, computes a convolution and its gradient, compares them
 * with the known result and prints one line of JSON. The library path comes from `jobEnvironment`.
 */
import { gpuLibraries } from './gpu-libraries.ts';
import type { SelfTestFindings } from './self-test.ts';

/** All inputs are small integers, so float32 sums are exact on every device but those that round to TF32. */
const TOLERANCE = 1e-3;

/** Asks the system's loader for each library, and returns its words for those that it can't load. */
function loadGpuLibraries(): { file: string; error: string }[] {
  const failures: { file: string; error: string }[] = [];
  for (const { file } of gpuLibraries) {
    try {
      process.dlopen({ exports: {} }, file);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      // A library that loads is no Node addon, and Node says so: that is success here.
      if (!message.includes('did not self-register')) failures.push({ file, error: message });
    }
  }
  return failures;
}

/** A 3×3 convolution of [1, 4, 4, 1] with ones: sums over neighbourhoods, whose gradient counts how often each pixel is used. */
async function compute(): Promise<Pick<SelfTestFindings, 'version' | 'gpu' | 'wrong'>> {
  const { tf } = await import('../tensorflow.ts');
  const { backend } = await import('../binding.ts');
  const x = tf.tensor4d(
    Array.from({ length: 16 }, (_, i) => i),
    [1, 4, 4, 1],
  );
  const w = tf.ones<import('@tensorflow/tfjs-core').Rank.R4>([3, 3, 1, 1]);
  const convolve = (input: import('@tensorflow/tfjs-core').Tensor) => tf.conv2d(input as typeof x, w, 1, 'same');
  const values = Array.from(await convolve(x).data());
  const gradient = Array.from(
    await tf
      .grad((input) => convolve(input).sum())(x)
      .data(),
  );
  const expectedValues = [10, 18, 24, 18, 27, 45, 54, 39, 51, 81, 90, 63, 42, 66, 72, 50];
  const expectedGradient = [4, 6, 6, 4, 6, 9, 9, 6, 6, 9, 9, 6, 4, 6, 6, 4];
  const differs = (found: number[], expected: number[]) =>
    found.length !== expected.length || found.some((value, i) => !(Math.abs(value - expected[i]!) <= TOLERANCE));
  let wrong: string | null = null;
  if (differs(values, expectedValues)) {
    wrong = `a convolution gave ${values.join(' ')} instead of ${expectedValues.join(' ')}`;
  } else if (differs(gradient, expectedGradient)) {
    wrong = `its gradient is ${gradient.join(' ')} instead of ${expectedGradient.join(' ')}`;
  }
  const { binding, isUsingGpuDevice: gpu } = backend();
  return { version: binding.TF_Version, gpu, wrong };
}

const wantsGpu = process.argv.includes('--gpu');
const unloadable = wantsGpu ? loadGpuLibraries() : [];
const findings: SelfTestFindings = { ...(await compute()), unloadable };
process.stdout.write(`${JSON.stringify(findings)}\n`);
