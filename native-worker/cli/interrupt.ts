/** A SIGTERM that comes so soon after another signal is the same one. */
const REPEAT_MS = 2000;

/**
 * Ctrl+C while something runs: the first asks for a good end, the second leaves at once.
 *
 * @param ask   asks for the good end, once
 * @param leave ends the command at once
 * @returns takes the handler away again
 */
export function onInterrupt(ask: () => void, leave: () => void): () => void {
  let askedAt: number | null = null;
  const handle = (signal: NodeJS.Signals): void => {
    if (askedAt !== null) {
      // A scheduler that warns a whole group warns us twice: npm and our own launcher hand it on.
      if (signal === 'SIGTERM' && performance.now() - askedAt < REPEAT_MS) return;
      return leave();
    }
    askedAt = performance.now();
    ask();
  };
  process.on('SIGINT', handle);
  process.on('SIGTERM', handle);
  return () => {
    process.off('SIGINT', handle);
    process.off('SIGTERM', handle);
  };
}
