/** The Python that fetches wheels, and that node-gyp needs on Windows. */
import { AppError } from '../../../contract/errors.ts';
import { runChild } from './child.ts';
import { compareVersions } from './gpu.ts';

export interface Python {
  readonly command: string;
  readonly version: string;
  /** pip's version; null: this Python has no pip. */
  readonly pip: string | null;
}

const OLDEST_PYTHON = '3.10';

/** What to type to get it, by platform. */
const howToInstall: Partial<Record<NodeJS.Platform, string>> = {
  linux: 'install it with your package manager (Debian, Ubuntu: sudo apt install python3 python3-pip)',
  darwin: 'install it from https://www.python.org or with Homebrew (brew install python)',
  win32: 'install it from https://www.python.org and tick "Add python.exe to PATH"',
};

/** The names to try, EDM2_PYTHON alone where it is set. */
function candidates(variables: NodeJS.ProcessEnv): string[] {
  const chosen = variables.EDM2_PYTHON;
  if (chosen !== undefined && chosen !== '') return [chosen];
  return process.platform === 'win32' ? ['python', 'python3', 'py'] : ['python3', 'python'];
}

/**
 * Finds a Python of at least 3.10, one with pip if there is one.
 *
 * @returns null where there is none
 */
export async function findPython(variables: NodeJS.ProcessEnv = process.env): Promise<Python | null> {
  let withoutPip: Python | null = null;
  for (const command of candidates(variables)) {
    const script = 'import platform; print(platform.python_version())';
    const asked = await runChild(command, ['-c', script], { environment: variables, timeoutMs: 30_000 });
    const version = asked?.stdout.trim() ?? '';
    if (asked?.status !== 0 || !/^\d+\.\d+/.test(version)) continue;
    if (compareVersions(version.replace(/[^\d.].*$/, ''), OLDEST_PYTHON) < 0) continue;
    const pip = await runChild(command, ['-m', 'pip', '--version'], { environment: variables, timeoutMs: 60_000 });
    if (pip?.status === 0) return { command, version, pip: /^pip (\S+)/.exec(pip.stdout)?.[1] ?? 'unknown' };
    withoutPip ??= { command, version, pip: null };
  }
  return withoutPip;
}

/**
 * The Python to fetch wheels with.
 *
 * @throws {AppError} 'no-python' if there is none, or if it has no pip
 */
export async function needPython(variables: NodeJS.ProcessEnv = process.env): Promise<Python> {
  const python = await findPython(variables);
  const advice = howToInstall[process.platform] ?? 'install it';
  if (python === null) {
    throw new AppError(
      'no-python',
      `Python ${OLDEST_PYTHON} or newer was not found, and TensorFlow is fetched with its pip: ${advice}, then start again.`,
    );
  }
  if (python.pip === null) {
    throw new AppError(
      'no-python',
      `${python.command} ${python.version} has no pip, which fetches TensorFlow: install it (Debian, Ubuntu: sudo apt install python3-pip; elsewhere: ${python.command} -m ensurepip), then start again.`,
    );
  }
  return python;
}
