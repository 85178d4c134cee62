import { fileURLToPath } from 'node:url';
import { existsSync } from 'node:fs';
import { AppError } from '../../contract/errors.ts';
import { LineProcess } from '../system/line-process.ts';
import { LendingAnswer, type Lending } from './lending.ts';

/** A process that lends this machine's devices to a run. */
export interface Lender {
  /** Whether it answers within some ms. */
  lives(withinMs: number): Promise<boolean>;
  /** Ends it at once, and waits until it is gone. */
  end(): Promise<void>;
  /** Resolves with what is known of its end when it is gone: "it ended (SIGKILL)". */
  readonly ended: Promise<string>;
}

/** What the process runs: TypeScript in a checkout, JavaScript in a package. */
function script(): string {
  const sources = fileURLToPath(new URL('./device-server.ts', import.meta.url));
  return existsSync(sources) ? sources : sources.replace(/\.ts$/, '.js');
}

/** How it is started. */
export interface LenderStart {
  /** Of a job (`jobEnvironment`). */
  readonly environment: Readonly<Record<string, string>>;
  /** So long it may take. */
  readonly withinMs: number;
  /** Ends it at once when aborted. */
  readonly signal: AbortSignal;
}

/**
 * Starts a process with a server of TensorFlow's, and waits until it listens.
 *
 * @throws {AppError} 'runtime' if TensorFlow does not start
 */
export async function startLender(lending: Lending, { environment, withinMs, signal }: LenderStart): Promise<Lender> {
  const child = new LineProcess(process.execPath, [script()], environment);
  const end = (): void => child.kill();
  signal.addEventListener('abort', end);
  if (signal.aborted) end();
  child.write(JSON.stringify(lending));
  const first = await answerWithin(child, withinMs);
  signal.removeEventListener('abort', end);
  if (first?.kind !== 'listening') {
    child.kill();
    await child.ended;
    const why = first?.kind === 'failed' ? first.message : child.errors;
    throw new AppError('runtime', `TensorFlow's server did not start: ${why === '' ? 'it says nothing' : why}`);
  }
  let asking: Promise<boolean> = Promise.resolve(true);
  const ask = async (withinMs: number): Promise<boolean> => {
    child.write('{}');
    return (await answerWithin(child, withinMs))?.kind === 'lives';
  };
  return {
    ended: child.ended.then(({ message }) => message),
    lives: (withinMs) => (asking = asking.then(() => ask(withinMs))),
    end: async () => {
      child.kill();
      await child.ended;
    },
  };
}

/** null: none came, or the process has ended. */
async function answerWithin(child: LineProcess, milliseconds: number): Promise<LendingAnswer | null> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<null>((resolve) => (timer = setTimeout(() => resolve(null), milliseconds)));
  for (;;) {
    const line = await Promise.race([child.read().catch(() => null), late]);
    const answer = line === null ? null : answerIn(line);
    if (line !== null && answer === null) continue; // NVIDIA's library says something of its own
    clearTimeout(timer);
    return answer;
  }
}

function answerIn(line: string): LendingAnswer | null {
  try {
    return LendingAnswer.safeParse(JSON.parse(line)).data ?? null;
  } catch {
    return null; // no JSON
  }
}
