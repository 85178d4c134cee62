/**
 * The compiled bridge between Node and TensorFlow. tfjs-node's own C++ source is compiled once against the headers in
 * TensorFlow's wheel, kept in the cache, and copied to the one place where tfjs-node looks for it, after every install
 * of the npm packages.
 */
import { copyFile, cp, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { systemFailure } from '../../../contract/system-errors.ts';
import { AppError } from '../../../contract/errors.ts';
import { makeFolder } from '../../system/make-folder.ts';
import { runChild } from './child.ts';
import { needCompiler, wordsOf } from './compiler.ts';
import { layoutFor } from './layout.ts';
import { projectFolder } from './lock.ts';
import { hashFile } from './wheels.ts';

/** Node-API's version that the binding is compiled for; 8 is the highest that tfjs-node 4.22 looks for. */
const NODE_API = 8;

const FILE = 'tfjs_binding.node';

export interface BindingPlace {
  /** Where tfjs-node is installed. */
  readonly package: string;
  /** Where the compiled binding is kept; the folder's name says for what it was compiled. */
  readonly cached: string;
}

/**
 * @param cache      the cache folder (`places.ts`)
 * @param tensorflow TensorFlow's version
 * @param project    the folder that holds node_modules
 */
export function bindingPlace(cache: string, tensorflow: string, project: string = projectFolder): BindingPlace {
  const folder = join(project, 'node_modules', '@tensorflow', 'tfjs-node-gpu');
  const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string };
  const key = `tfjs-${version}_tensorflow-${tensorflow}_napi-${NODE_API}_${process.platform}-${process.arch}`;
  return { package: folder, cached: join(cache, 'bindings', key) };
}

/** Beside each binding: for what it was compiled, and its hash. Written last, so that a half-written one is noticed. */
const NOTE = 'tfjs_binding.txt';

/** The folder where tfjs-node looks. */
function installedFolder(place: BindingPlace): string {
  return join(place.package, 'lib', `napi-v${NODE_API}`);
}

function noteFor(place: BindingPlace, sha256: string): string {
  return `${basename(place.cached)} ${sha256}\n`;
}

/** Whether a folder holds a whole binding for this TensorFlow. */
async function holdsBinding(folder: string, place: BindingPlace): Promise<boolean> {
  const note = await readFile(join(folder, NOTE), 'utf8').catch(() => null);
  if (note === null || !existsSync(join(folder, FILE))) return false;
  return note === noteFor(place, await hashFile(join(folder, FILE)));
}

/** Copies a binding from one folder to another; a running job keeps the file that it has loaded. */
async function copyBinding(from: string, to: string, place: BindingPlace): Promise<void> {
  makeFolder(to);
  await rm(join(to, NOTE), { force: true });
  const temporary = join(to, `${FILE}.${process.pid}`);
  await copyFile(join(from, FILE), temporary);
  await rename(temporary, join(to, FILE));
  await writeFile(join(to, NOTE), noteFor(place, await hashFile(join(to, FILE))));
}

/**
 * Puts the binding where tfjs-node looks for it, if it is compiled: from the cache, or as a packaged app brought it.
 *
 * @returns false if it has to be compiled first
 */
export async function installBinding(place: BindingPlace): Promise<boolean> {
  const target = installedFolder(place);
  const installed = await holdsBinding(target, place);
  const cached = await holdsBinding(place.cached, place);
  // The copy in the cache outlives the next installation of npm packages. Where the system allows no cache, nothing
  // is lost but that.
  if (installed && !cached)
    await copyBinding(target, place.cached, place).catch((error: unknown) => {
      if (systemFailure(error) === null) throw error;
    });
  if (!installed && cached) await copyBinding(place.cached, target, place);
  return installed || cached;
}

export interface CompileOptions {
  readonly place: BindingPlace;
  /** The folder of TensorFlow's libraries to link with. */
  readonly libraries: string;
  /** The folder of TensorFlow's headers. */
  readonly headers: string;
  /** Scratch; made, and removed at the end. */
  readonly work: string;
  /** Python's command, which node-gyp needs on Windows. */
  readonly python: string;
  readonly signal?: AbortSignal | undefined;
  readonly variables?: NodeJS.ProcessEnv;
  /** The folder that holds node_modules; a parameter for tests. */
  readonly project?: string;
}

/**
 * Compiles the binding and puts it into the cache. Takes about 20 s.
 *
 * @throws {AppError} 'no-compiler' if the C++ compiler is missing; 'runtime' if it refuses
 */
export async function compileBinding(options: CompileOptions): Promise<void> {
  const { place, work } = options;
  const variables = options.variables ?? process.env;
  const compiler = await needCompiler(variables);
  await rm(work, { recursive: true, force: true });
  const output = join(work, 'output');
  makeFolder(output);
  try {
    // Compilers write to TMPDIR first: so that is on the disk whose space was checked.
    const environment = { ...variables, TMPDIR: work };
    const [program, args] =
      process.platform === 'win32'
        ? [process.execPath, await prepareNodeGyp(options, output)]
        : [compiler[0]!, [...compiler.slice(1), ...compilerArguments(options, join(output, FILE), variables)]];
    const result = await runChild(program, args, { folder: work, environment, signal: options.signal });
    if (result?.status !== 0 || !existsSync(join(output, FILE)))
      throw explainCompiler(`${result?.stderr ?? ''}\n${result?.stdout ?? ''}`);

    await copyBinding(output, place.cached, place);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** tfjs-node's C++ source, beside its headers. */
const SOURCES = ['tfjs_backend.cc', 'tfjs_binding.cc'];

/**
 * The compiler is called without make and without a shell, which take blanks, quotes, `$` and `#` in a path for
 * something else: the user's name may be in it. The private Node brings its headers along on Linux and macOS.
 */
function compilerArguments(
  { place, libraries, headers }: CompileOptions,
  output: string,
  variables: NodeJS.ProcessEnv,
): string[] {
  const source = join(place.package, 'binding');
  const folders = [join(dirname(dirname(process.execPath)), 'include', 'node'), headers, place.package];
  return [
    ...['-std=c++20', '-O3', '-fPIC', '-pthread', `-DNAPI_VERSION=${NODE_API}`],
    ...wordsOf(variables.CXXFLAGS),
    ...folders.flatMap((folder) => ['-I', folder]),
    // Node's own functions are found when it loads the binding.
    ...(process.platform === 'darwin' ? ['-bundle', '-undefined', 'dynamic_lookup'] : ['-shared']),
    ...['-o', output],
    ...SOURCES.map((name) => join(source, name)),
    ...layoutFor().linked.map((name) => join(libraries, name)),
    ...wordsOf(variables.LDFLAGS),
  ];
}

/**
 * On Windows node-gyp finds Visual Studio, and fetches Node's headers.
 *
 * @returns the arguments with which Node builds into `output`
 */
async function prepareNodeGyp(options: CompileOptions, output: string): Promise<string[]> {
  const { place, work, libraries, headers, python } = options;
  makeFolder(join(work, 'deps', 'lib'));
  for (const part of ['binding', 'binding.gyp', 'package.json']) {
    await cp(join(place.package, part), join(work, part), { recursive: true });
  }
  await symlink(headers, join(work, 'deps', 'include'), 'junction');
  // The name under which binding.gyp asks for it.
  await symlink(join(libraries, layoutFor().linked[0]!), join(work, 'deps', 'lib', 'tensorflow.lib'));
  return [
    join(options.project ?? projectFolder, 'node_modules', 'node-gyp', 'bin', 'node-gyp.js'),
    'rebuild',
    `--python=${python}`,
    `--module_name=${FILE.replace('.node', '')}`,
    `--module_path=${output}`,
    `--napi_build_version=${NODE_API}`,
  ];
}

/** Turns the complaint of the compiler, or of node-gyp, into one sentence. */
function explainCompiler(said: string): AppError {
  const cause = new Error(said.trim().slice(-8000));
  if (/No space left on device/i.test(said)) {
    return new AppError(
      'no-space',
      'The disk filled up while the TensorFlow binding was compiled: make room and start again.',
      { cause },
    );
  }
  const line = said
    .split('\n')
    .find((one) => /\berror\b/i.test(one) && !/gyp ERR! (stack|node|cwd|System|command)/.test(one));
  return new AppError(
    'runtime',
    `The TensorFlow binding could not be compiled${line === undefined ? '' : ` (${line.trim()})`}: check that the C++ compiler knows C++20 (g++ 10 or newer), then start again.`,
    { cause },
  );
}
