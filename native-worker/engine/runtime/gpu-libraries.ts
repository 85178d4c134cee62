/** The libraries that TensorFlow loads for a GPU when it starts, and where each comes from. */

export interface GpuLibrary {
  /** As the loader asks for it. */
  readonly file: string;
  /** The wheel that provides it; null: the NVIDIA driver does. */
  readonly package: string | null;
}

/** NVIDIA's library of sums over cards. */
export const NCCL = 'libnccl.so.2';

/** TensorFlow 2.21 gives the GPU up if one of these does not load. */
export const gpuLibraries: readonly GpuLibrary[] = [
  { file: 'libcuda.so.1', package: null },
  { file: 'libcudart.so.12', package: 'nvidia-cuda-runtime-cu12' },
  { file: 'libnvJitLink.so.12', package: 'nvidia-nvjitlink-cu12' },
  { file: 'libcublasLt.so.12', package: 'nvidia-cublas-cu12' },
  { file: 'libcublas.so.12', package: 'nvidia-cublas-cu12' },
  { file: 'libcufft.so.11', package: 'nvidia-cufft-cu12' },
  { file: 'libcurand.so.10', package: 'nvidia-curand-cu12' },
  { file: 'libcusparse.so.12', package: 'nvidia-cusparse-cu12' },
  { file: 'libcusolver.so.11', package: 'nvidia-cusolver-cu12' },
  { file: 'libcupti.so.12', package: 'nvidia-cuda-cupti-cu12' },
  { file: 'libnvrtc.so.12', package: 'nvidia-cuda-nvrtc-cu12' },
  { file: NCCL, package: 'nvidia-nccl-cu12' },
  { file: 'libcudnn.so.9', package: 'nvidia-cudnn-cu12' },
];

/** Ways in which TensorFlow, CUDA's libraries and the system's loader name a library that they can't load. */
const complaints = [
  /Could not (?:load|dlopen|open) (?:dynamic )?library:? '?([\w.+-]+)'?/gi,
  /Unable to load (?:dynamic library |any of \{)?'?([\w.+-]+\.so[\w.]*)'?/gi,
  /([\w.+-]+\.so[\w.]*): cannot open shared object file/gi,
];

/**
 * The libraries that an error output names as missing.
 *
 * @param text what TensorFlow wrote to stderr, or a loader's message
 * @returns file names, each once, in the order of their first mention
 */
export function librariesNamedMissing(text: string): string[] {
  const found: { at: number; file: string }[] = [];
  for (const pattern of complaints) {
    for (const match of text.matchAll(pattern)) found.push({ at: match.index, file: match[1]! });
  }
  found.sort((a, b) => a.at - b.at);
  return [...new Set(found.map((one) => one.file))];
}

/** Which wheel, or the driver, provides a library, as half a sentence. */
export function providerOf(file: string): string {
  // Parts of a family (libcudnn_ops.so.9) come with its main library.
  const family = (name: string) => name.replace(/(_\w+)?\.so.*$/, '');
  const library =
    gpuLibraries.find((one) => one.file === file) ?? gpuLibraries.find((one) => family(one.file) === family(file));
  if (library === undefined) return 'a library that none of our wheels provides';
  return library.package === null ? 'part of the NVIDIA driver' : `from the wheel ${library.package}`;
}
