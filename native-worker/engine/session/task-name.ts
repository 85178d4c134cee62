/** TensorFlow's name of one of several processes that compute together, counted from 0: the one whose sessions they are. */
export function taskName(task: number): string {
  return `/job:${JOB}/replica:0/task:${task}`;
}

/** All processes of a run do the same, each on its devices. */
export const JOB = 'worker';

/** What precedes each device's name in a process that has no server. */
const OWN = '/job:localhost/replica:0/task:0';

/** A device's name as graphs say it. @param name in full: "/job:localhost/replica:0/task:0/device:GPU:0" */
export function withoutOwnTask(name: string): string {
  return name.startsWith(OWN) ? name.slice(OWN.length) : name;
}
