/**
 * What of a run's history counts. A run that goes on from a checkpoint undoes what was written down after it: rows and
 * files stay, and `rewound` numbers the rewind that undid them. Every reading of history asks for what counts, in these
 * words and no others.
 */
export const COUNTS = 'rewound = 0';
