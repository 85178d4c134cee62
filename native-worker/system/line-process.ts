import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';

/** A process that does a task when a line asks for it, and says so in a line. */
export class LineProcess {
  readonly #child: ChildProcess;
  readonly #waiting: { resolve: (line: string) => void; reject: (error: Error) => void }[] = [];
  readonly #lines: string[] = [];
  /** The last of what it said on its error output. */
  #errors = '';
  #ended: Error | null = null;
  /** Resolves when it is gone, with what is known of its end. */
  readonly ended: Promise<Error>;
  #tellEnd!: (error: Error) => void;

  /**
   * @param environment all of it
   * @throws nothing: a program that does not start fails the first `read`
   */
  constructor(command: string, args: readonly string[], environment: Readonly<Record<string, string | undefined>>) {
    const child = spawn(command, args, { env: environment, stdio: ['pipe', 'pipe', 'pipe'], windowsHide: true });
    this.#child = child;
    this.ended = new Promise((resolve) => (this.#tellEnd = resolve));
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#errors = (this.#errors + text).slice(-KEPT_CHARACTERS);
    });
    child.stdin.on('error', () => undefined); // it has ended, which `close` tells
    createInterface({ input: child.stdout }).on('line', (line) => {
      const next = this.#waiting.shift();
      if (next === undefined) this.#lines.push(line);
      else next.resolve(line);
    });
    child.on('error', (error) => this.#end(error));
    child.on('close', (status, signal) => this.#end(new Error(`it ended (${String(signal ?? status)})`)));
  }

  /** undefined if it could not be started. */
  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Its last lines on the error output. */
  get errors(): string {
    return this.#errors.trim().split('\n').slice(-KEPT_LINES).join('\n');
  }

  write(line: string): void {
    this.#child.stdin!.write(`${line}\n`);
  }

  /**
   * The next line.
   *
   * @throws {Error} if it ends before
   */
  read(): Promise<string> {
    const line = this.#lines.shift();
    if (line !== undefined) return Promise.resolve(line);
    if (this.#ended !== null) return Promise.reject(this.#ended);
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  /** Lets it leave, and waits until it has. */
  async close(): Promise<void> {
    if (this.#ended !== null) return;
    const closed = new Promise<void>((resolve) => this.#child.once('close', () => resolve()));
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), LEAVE_MS);
    this.#child.stdin!.end();
    await closed;
    clearTimeout(timer);
  }

  /** Ends it at once. */
  kill(): void {
    this.#child.kill('SIGKILL');
  }

  #end(error: Error): void {
    this.#ended ??= error;
    this.#tellEnd(this.#ended);
    for (const { reject } of this.#waiting.splice(0)) reject(this.#ended);
  }
}

const KEPT_CHARACTERS = 20_000;
const KEPT_LINES = 12;
const LEAVE_MS = 5000;
