/** How far long work is, on stderr: one line that is drawn anew on a terminal, a few plain lines elsewhere. */
import { redraws } from '../../native-worker/cli/terminal.ts';

const WIDTH = 24;
/** On a terminal not more often than this; a pipe gets a line a new text and a quarter of the way. */
const REDRAW_MS = 100;
const QUARTERS = 4;

/**
 * @param {{ write(text: string): unknown, isTTY?: boolean }} stream
 * @returns what `installRuntime` calls, and `end`, after which other lines may be written
 */
export function progressBar(stream = process.stderr) {
  let shown = '';
  let quarter = 0;
  let drawnAt = -Infinity;
  const draw = ({ text, done, total }) => {
    const share = total > 0 ? Math.min(1, done / total) : null;
    if (!redraws(stream)) {
      const now = share === null ? 0 : Math.floor(share * QUARTERS);
      if (text !== shown) stream.write(`  ${text}\n`);
      else if (now > quarter && now < QUARTERS) stream.write(`    ${Math.round(share * 100)} %\n`);
      shown = text;
      quarter = now;
      return;
    }
    if (text === shown && performance.now() - drawnAt < REDRAW_MS) return;
    shown = text;
    drawnAt = performance.now();
    const filled = share === null ? 0 : Math.round(share * WIDTH);
    const bar =
      share === null
        ? ''
        : `${'█'.repeat(filled)}${'░'.repeat(WIDTH - filled)} ${String(Math.round(share * 100)).padStart(3)} %  `;
    stream.write(`\r\x1b[K  ${bar}${text}`);
  };
  const end = () => {
    if (redraws(stream) && shown !== '') stream.write('\r\x1b[K');
    shown = '';
  };
  return { draw, end };
}
