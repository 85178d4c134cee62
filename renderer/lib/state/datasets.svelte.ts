import { listDatasets, type Dataset } from '../../../contract/datasets.ts';
import { datasetChanged, datasetDeleted } from '../../../contract/events.ts';
import { client } from '../client/index.ts';
import { attempt } from './toasts.svelte.ts';

/** The library's picture sets, kept up to date by events. */
class Datasets {
  /** Null until the first answer. */
  all: readonly Dataset[] | null = $state.raw(null);

  constructor() {
    client.whenOpen(() => {
      void attempt(async () => {
        this.all = await client.call(listDatasets, {});
      });
    });
    client.on(datasetChanged, (dataset) => {
      if (this.all === null) return;
      const known = this.all.some((other) => other.id === dataset.id);
      this.all = known ? this.all.map((other) => (other.id === dataset.id ? dataset : other)) : [...this.all, dataset];
    });
    client.on(datasetDeleted, ({ datasetId }) => {
      this.all = this.all?.filter((dataset) => dataset.id !== datasetId) ?? null;
    });
  }

  find(id: number): Dataset | undefined {
    return this.all?.find((dataset) => dataset.id === id);
  }
}

export const datasets = new Datasets();
