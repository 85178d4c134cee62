import { tellsWhy } from '../../contract/job-failures.ts';
import { beginning } from '../../contract/names.ts';

/** Lines that are kept: the last ones, and before them the last that tell why a program ended itself. */
const LAST_LINES = 12;
const TELLING_LINES = 4;
const MAX_LINE = 400;

/** Frames of a stack trace, which say where and push out what says why: glog's, Node's and V8's, sanitizers'. */
const STACK_FRAME = /^\s*(?:@ +0x|at .*[:(]|\d+: +0x|#\d+ )/u;

/** Listens to a process's error output and keeps the lines that may tell why it ended. */
export class LastWords {
  readonly #last: string[] = [];
  readonly #telling: string[] = [];
  /** A line that has not ended yet. */
  #open = '';

  add(text: string): void {
    const lines = (this.#open + text).split('\n');
    this.#open = lines.pop()!.slice(0, MAX_LINE);
    for (const line of lines) this.#keep(line);
  }

  /** In the order in which they came. */
  lines(): string[] {
    this.#keep(this.#open);
    this.#open = '';
    return [...this.#telling, ...this.#last];
  }

  #keep(line: string): void {
    if (line.trim() === '' || STACK_FRAME.test(line)) return;
    this.#last.push(beginning(line.trimEnd(), MAX_LINE));
    if (this.#last.length <= LAST_LINES) return;
    const pushedOut = this.#last.shift()!;
    if (!tellsWhy(pushedOut)) return;
    this.#telling.push(pushedOut);
    if (this.#telling.length > TELLING_LINES) this.#telling.shift();
  }
}
