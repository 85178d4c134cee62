import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from './root.ts';

const preload = pathToFileURL(join(root, 'test/support/let-escape.mjs')).href;

/** An error that nobody catches, in a program of ours as it is. */
export interface Escape {
  /** For the environment of the program, or of one that starts it and hands on its own. */
  readonly variables: Record<string, string>;
  /** Lets it happen, some milliseconds later. */
  happen(how: 'throw' | 'reject'): void;
}

/**
 * @param folder  takes the file that says when
 * @param program the end of its path
 */
export function prepareEscape(folder: string, program: string): Escape {
  const file = join(folder, 'escape');
  return {
    variables: { NODE_OPTIONS: `--import=${preload}`, EDM2_TEST_ESCAPE: file, EDM2_TEST_ESCAPE_IN: program },
    happen: (how) => writeFileSync(file, how),
  };
}
