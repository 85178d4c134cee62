/** The parts of SQL that list columns of a table, for values that the contract has other names for. */
export interface NamedColumns {
  /** "train_seconds, loss": of an INSERT. */
  readonly columns: string;
  /** "@trainSeconds, @loss": its values, named as in the contract. */
  readonly values: string;
  /** 'train_seconds AS "trainSeconds", loss AS "loss"': of a SELECT. */
  readonly selected: string;
}

/**
 * Lists each column once for all that writes and reads it, so that none of them can forget one, and the compiler asks for
 * a column that only the contract has.
 *
 * @param columnOf the column of each value; constant names, for they become SQL
 */
export function namedColumns(columnOf: Readonly<Record<string, string>>): NamedColumns {
  const pairs = Object.entries(columnOf);
  return {
    columns: pairs.map(([, column]) => column).join(', '),
    values: pairs.map(([name]) => `@${name}`).join(', '),
    selected: pairs.map(([name, column]) => `${column} AS "${name}"`).join(', '),
  };
}
