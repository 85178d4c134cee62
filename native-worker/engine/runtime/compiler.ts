/** The C++ compiler and make, which compile the TensorFlow binding once. */
import { AppError } from '../../../contract/errors.ts';
import { runChild } from './child.ts';

export interface Compiler {
  /** What was found, in words. */
  readonly text: string;
  /** The names of the programs that are missing. */
  readonly missing: readonly string[];
}

/** Looks for make and a C++ compiler where node-gyp will look for them. */
export async function findCompiler(variables: NodeJS.ProcessEnv = process.env): Promise<Compiler> {
  if (process.platform === 'win32') return { text: 'node-gyp looks for Visual Studio itself', missing: [] };
  const wanted = [
    { name: 'make', commands: [variables.MAKE ?? 'make'] },
    { name: 'a C++ compiler', commands: [(variables.CXX ?? 'g++').split(' ')[0]!, 'c++', 'clang++'] },
  ];
  const found: string[] = [];
  const missing: string[] = [];
  for (const { name, commands } of wanted) {
    let version: string | null = null;
    for (const command of commands) {
      const result = await runChild(command, ['--version'], { environment: variables, timeoutMs: 30_000 });
      if (result?.status !== 0) continue;
      version = result.stdout.split('\n')[0]!.trim();
      break;
    }
    if (version === null) missing.push(name);
    else found.push(version);
  }
  return { text: found.join('; '), missing };
}

/** @throws {AppError} 'no-compiler' if make or a C++ compiler is missing */
export async function needCompiler(variables: NodeJS.ProcessEnv = process.env): Promise<void> {
  const { missing } = await findCompiler(variables);
  if (missing.length === 0) return;
  const how =
    process.platform === 'darwin' ? 'xcode-select --install' : 'Debian, Ubuntu: sudo apt install build-essential';
  const what = missing.join(' and ');
  throw new AppError(
    'no-compiler',
    `${what[0]!.toUpperCase()}${what.slice(1)} ${missing.length > 1 ? 'were' : 'was'} not found, needed once to compile the bridge to TensorFlow: install ${missing.length > 1 ? 'them' : 'it'} (${how}), then start again.`,
  );
}
