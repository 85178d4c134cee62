/**
 * Whether a line can be drawn anew in place. A terminal that calls itself dumb (an editor's, a log's) shows the escape
 * sequences for that as text.
 *
 * @param variables the process's environment; a parameter for tests
 */
export function redraws(
  stream: { isTTY?: boolean },
  variables: Readonly<Record<string, string | undefined>> = process.env,
): boolean {
  return stream.isTTY === true && variables.TERM !== 'dumb';
}
