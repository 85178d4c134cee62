/** The C++ compiler, which compiles the TensorFlow binding once. */
import { AppError } from '../../../contract/errors.ts';
import { runChild } from './child.ts';

interface Compiler {
  /** What was found, in words; null: no compiler. */
  readonly text: string | null;
  /** Program and first arguments ("ccache", "g++"); empty on Windows, where node-gyp looks for it itself. */
  readonly command: readonly string[];
}

/** The words of a variable that holds a command or flags. */
export function wordsOf(variable: string | undefined): string[] {
  return (variable ?? '').split(' ').filter((word) => word !== '');
}

/** Looks for a C++ compiler: CXX, or under its usual names. */
export async function findCompiler(variables: NodeJS.ProcessEnv = process.env): Promise<Compiler> {
  if (process.platform === 'win32') return { text: 'node-gyp looks for Visual Studio itself', command: [] };
  for (const command of [wordsOf(variables.CXX), ['g++'], ['c++'], ['clang++']]) {
    const [program, ...first] = command;
    if (program === undefined) continue;
    const result = await runChild(program, [...first, '--version'], { environment: variables, timeoutMs: 30_000 });
    if (result?.status === 0) return { text: result.stdout.split('\n')[0]!.trim(), command };
  }
  return { text: null, command: [] };
}

/**
 * @returns the compiler's command, as of `findCompiler`
 * @throws {AppError} 'no-compiler' if there is none
 */
export async function needCompiler(variables: NodeJS.ProcessEnv = process.env): Promise<readonly string[]> {
  const { text, command } = await findCompiler(variables);
  if (text !== null) return command;
  const how = process.platform === 'darwin' ? 'xcode-select --install' : 'Debian, Ubuntu: sudo apt install g++';
  throw new AppError(
    'no-compiler',
    `A C++ compiler was not found, needed once to compile the bridge to TensorFlow: install it (${how}), then start again.`,
  );
}
