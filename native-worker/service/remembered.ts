/** Asks, or remembers what was answered. */
export interface Remembered<T> {
  (): Promise<T>;
  /** What is remembered doesn't hold any more. */
  readonly forget: () => void;
}

/**
 * Makes a costly question cheap to ask: its answer holds for a while, and who asks while it is being found out shares
 * it. A failure is not remembered.
 *
 * @param forMs how long an answer holds
 * @param find  finds the answer out
 */
export function remembered<T>(forMs: number, find: () => Promise<T>): Remembered<T> {
  let known: { value: T; at: number } | null = null;
  let finding: Promise<T> | null = null;
  const look = async (): Promise<T> => {
    try {
      const value = await find();
      known = { value, at: performance.now() };
      return value;
    } finally {
      finding = null;
    }
  };
  const ask = (): Promise<T> => {
    if (known !== null && performance.now() - known.at < forMs) return Promise.resolve(known.value);
    finding ??= look();
    return finding;
  };
  return Object.assign(ask, { forget: () => (known = null) });
}
