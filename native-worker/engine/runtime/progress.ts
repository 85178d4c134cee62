/** How long work tells how far it is. */
export interface RuntimeProgress {
  /** What is going on, in words. */
  readonly text: string;
  /** Bytes done and bytes in all; a total of 0: nobody knows. */
  readonly done: number;
  readonly total: number;
}

export type OnProgress = (progress: RuntimeProgress) => void;

/** Bytes in words: decimal units, as downloads and disks are measured in. */
export function formatBytes(bytes: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit]!}`;
}
