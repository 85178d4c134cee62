/** What is chosen in the table of runs: who looks at another page finds it again. */
class Choice {
  /** Ids; those that are gone are in nobody's way. */
  picked: readonly number[] = $state.raw([]);
}

export const choice = new Choice();
