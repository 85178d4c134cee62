/**
 * Ctrl+C while something runs: the first asks for a good end, the second leaves at once.
 *
 * @param ask   asks for the good end, once
 * @param leave ends the command at once
 * @returns takes the handler away again
 */
export function onInterrupt(ask: () => void, leave: () => void): () => void {
  let asked = false;
  const handle = (): void => {
    if (asked) return leave();
    asked = true;
    ask();
  };
  process.on('SIGINT', handle);
  process.on('SIGTERM', handle);
  return () => {
    process.off('SIGINT', handle);
    process.off('SIGTERM', handle);
  };
}
