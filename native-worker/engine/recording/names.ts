/** Random numbers of one purpose. */
export interface DrawNames {
  readonly purpose: string;
  /**
   * How a part gets its own: `none` for an entry that is no part; drawn from the right place on (`skip`); or drawn with all
   * others and cut out (`cut`).
   */
  readonly part: 'none' | 'skip' | 'cut';
  /** Numbers of a row. */
  readonly rowSize: number;
}

/** TensorFlow allows letters, digits and _ . \ - / in names. */
export const tidyName = (name: string): string => name.replace(/[^A-Za-z0-9_.\\/-]/g, '_');

/** What a node of a program is called on one of several devices; on the first as if it were alone. */
export function towerName(tower: number, node: string): string {
  return tower === 0 ? node : `tower${tower}/${node}`;
}

/** Names of a recorded program's nodes, under which a session finds them. */
export const nodeNames = {
  initial: (state: string): string => tidyName(`initial/${state}`),
  /** A target, so that a state gets what is fed as its initial value. */
  assigned: (state: string): string => tidyName(`assigned/${state}`),
  stored: (state: string): string => tidyName(`stored/${state}`),
  input: (entry: string, name: string): string => tidyName(`${entry}/in/${name}`),
  seed: (entry: string, purpose: string): string => tidyName(`${entry}/seed/${purpose}`),
  key: (entry: string, purpose: string): string => tidyName(`${entry}/key/${purpose}`),
  counter: (entry: string, purpose: string): string => tidyName(`${entry}/counter/${purpose}`),
  /** Where a part begins that is cut out of all rows: [row, 0]. */
  begin: (entry: string): string => tidyName(`${entry}/begin`),
  output: (entry: string, name: string): string => tidyName(`${entry}/out/${name}`),
  /** A target, so that the updates of an entry happen. */
  done: (entry: string): string => tidyName(`${entry}/done`),
};
