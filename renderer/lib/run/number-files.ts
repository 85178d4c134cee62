import { downloadFrom, fileName } from '../charts/export.ts';
import { toasts } from '../state/toasts.svelte.ts';

interface FileItem {
  readonly label: string;
  readonly onselect: () => void;
  readonly why: string | null;
}

/** What a menu offers of runs: all that they recorded, not thinned. @param name of the files, without an ending */
export function numberFiles(runs: readonly { readonly id: number; readonly nimg: number }[], name: string): FileItem[] {
  const why = runs.some(({ nimg }) => nimg > 0) ? null : 'Nothing is recorded yet';
  const item = (label: string, what: 'ticks' | 'numbers', form: 'csv' | 'json'): FileItem => ({
    label,
    onselect: () =>
      downloadFrom(
        `/files/runs/${runs.map(({ id }) => id).join(',')}/${what}.${form}`,
        fileName(what === 'ticks' ? name : `${name} layers`, form),
      ),
    why,
  });
  return [
    item('Save every tick as CSV', 'ticks', 'csv'),
    item('Save every tick as JSON', 'ticks', 'json'),
    item('Save every layer, too, as CSV', 'numbers', 'csv'),
  ];
}

/** The same for TensorBoard, which reads files from a folder, and knows them by "tfevents" in their names. */
export function eventFileItem(run: { readonly id: number; readonly nimg: number }): FileItem {
  return {
    label: 'Save for TensorBoard',
    onselect: () => {
      downloadFrom(`/files/runs/${run.id}/tensorboard`, `events.out.tfevents.edm2-studio-${run.id}`);
      toasts.show({ text: 'Put the file into a folder of its own: “tensorboard --logdir FOLDER” shows it.' });
    },
    why: run.nimg > 0 ? null : 'Nothing is recorded yet',
  };
}
