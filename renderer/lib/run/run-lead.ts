import { getContext, setContext } from 'svelte';

const KEY = Symbol('in whose colour runs are drawn');

/** Makes a page draw runs in the colours of others: those of a group alike. @param lead of a run's id, another */
export function drawRunsAs(lead: (runId: number) => number): void {
  setContext(KEY, lead);
}

/** The id of the run in whose colour another is drawn here, its own where the page says nothing. Made in a component. */
export function runLead(): (runId: number) => number {
  return getContext<((runId: number) => number) | undefined>(KEY) ?? ((runId) => runId);
}
