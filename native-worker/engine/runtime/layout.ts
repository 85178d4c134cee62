/** What is taken out of the wheels, where it goes, and what the binding is linked with, on each platform. */
import { AppError } from '../../../contract/errors.ts';

interface Layout {
  /** TensorFlow's libraries: their names in the wheel and in the runtime's `lib` folder. */
  readonly libraries: Readonly<Record<string, string>>;
  /** What the binding is linked with: names out of `libraries`. */
  readonly linked: readonly string[];
  /** The library with TensorFlow's C API. */
  readonly capi: string;
}

/** Linux is verified; the wheels of the other two were looked at, but nothing was run there. */
const layouts: Partial<Record<NodeJS.Platform, Layout>> = {
  linux: {
    libraries: {
      'tensorflow/libtensorflow_cc.so.2': 'libtensorflow_cc.so.2',
      'tensorflow/libtensorflow_framework.so.2': 'libtensorflow_framework.so.2',
    },
    linked: ['libtensorflow_cc.so.2', 'libtensorflow_framework.so.2'],
    capi: 'libtensorflow_cc.so.2',
  },
  darwin: {
    libraries: {
      'tensorflow/libtensorflow_cc.2.dylib': 'libtensorflow_cc.2.dylib',
      'tensorflow/libtensorflow_framework.2.dylib': 'libtensorflow_framework.2.dylib',
    },
    linked: ['libtensorflow_cc.2.dylib', 'libtensorflow_framework.2.dylib'],
    capi: 'libtensorflow_cc.2.dylib',
  },
  win32: {
    libraries: {
      'tensorflow/python/_pywrap_tensorflow_common.dll': '_pywrap_tensorflow_common.dll',
      'tensorflow/python/tensorflow_cc.2.dll.if.lib': 'tensorflow_cc.2.dll.if.lib',
    },
    linked: ['tensorflow_cc.2.dll.if.lib'],
    capi: '_pywrap_tensorflow_common.dll',
  },
};

/** @throws {AppError} 'runtime' where TensorFlow has no library for the platform */
export function layoutFor(platform: NodeJS.Platform = process.platform): Layout {
  const layout = layouts[platform];
  if (layout === undefined)
    throw new AppError('runtime', `There is no TensorFlow for ${platform}: use Linux, macOS or Windows.`);
  return layout;
}

/** Of NVIDIA's compiler only what XLA calls, of every other wheel the shared libraries. */
const nvidiaFiles = [
  /^nvidia\/\w+\/lib\/[\w.+-]+\.so(\.[\d.]+)?$/,
  /^nvidia\/cuda_nvcc\/bin\/(ptxas|nvlink|fatbinary)$/,
  /^nvidia\/cuda_nvcc\/nvvm\/libdevice\/[\w.]+$/,
];

/**
 * Where a wheel's file goes in a runtime's folder, '/' between the parts; null: it isn't needed. Only names that match
 * a pattern without '..' get anywhere, so a wheel can't write outside.
 */
export function placeInRuntime(name: string, platform: NodeJS.Platform = process.platform): string | null {
  const library = layoutFor(platform).libraries[name];
  if (library !== undefined) return `lib/${library}`;
  return nvidiaFiles.some((pattern) => pattern.test(name)) ? name : null;
}

/** Where a header goes in the folder of headers; null: it isn't one. */
export function placeOfHeader(name: string): string | null {
  const match = /^tensorflow\/include\/(.+)$/.exec(name);
  if (match === null) return null;
  const path = match[1]!;
  return path.split('/').includes('..') ? null : path;
}
