import { configSettings, settingOf } from './config-settings.ts';
import { rungNames, rungOf } from './ladder.ts';
import { runStates, type RunSummary } from './runs.ts';
import type { RunConfig } from './training.ts';

/** What tables of runs show, sort and filter by: each field once, for the page and the command line. */

/** A run of a table. `config` null: it is not known (yet). */
export type TableRun = RunSummary & { readonly config: RunConfig | null };

export type FieldValue = string | number | boolean;

export interface RunField {
  /** As it is written in a filter, an order and a list of columns. Capitals don't matter there. */
  readonly name: string;
  /** Other names for the same. */
  readonly aliases: readonly string[];
  /** `time`: milliseconds since 1970. `choice`: one of `choices`, which are in order. */
  readonly kind: 'text' | 'choice' | 'number' | 'flag' | 'time';
  /** What a number counts or is measured in. `share`: 0 to 1, written as percent. */
  readonly unit: '' | 'images' | 'img/s' | 'seconds' | 'bytes' | 'parameters' | 'share';
  readonly choices: readonly string[] | null;
  readonly group: 'Run' | 'Results' | 'Network' | 'Training' | 'Logging' | 'Grid';
  /** Short, for the head of a column. */
  readonly title: string;
  /** What it is, as the end of a sentence. */
  readonly words: string;
  /** It is read from the run's configuration. */
  readonly ofConfig: boolean;
  /** null: there is none. A list: the run has several. */
  readonly read: (run: TableRun) => FieldValue | readonly FieldValue[] | null;
}

type Facts = Pick<RunField, 'name' | 'title' | 'words' | 'read'> & Partial<RunField>;

function field(facts: Facts): RunField {
  return { aliases: [], kind: 'text', unit: '', choices: null, group: 'Run', ofConfig: false, ...facts };
}

const ofRun: readonly RunField[] = [
  field({ name: 'id', kind: 'number', title: 'Id', words: 'its number', read: (run) => run.id }),
  field({ name: 'name', title: 'Name', words: 'its name', read: (run) => run.name }),
  field({
    name: 'state',
    kind: 'choice',
    choices: runStates,
    title: 'State',
    words: 'whether it waits, trains or has ended',
    read: (run) => run.state,
  }),
  field({ name: 'tag', aliases: ['tags'], title: 'Tags', words: 'its tags', read: (run) => run.tags }),
  field({ name: 'notes', title: 'Notes', words: 'what somebody wrote about it', read: (run) => run.notes || null }),
  field({
    name: 'dataset',
    aliases: ['data'],
    title: 'Data',
    words: 'what it learns from',
    read: (run) => run.datasetName,
  }),
  field({ name: 'preset', title: 'Preset', words: 'what its settings began with', read: (run) => run.preset }),
  field({
    name: 'rung',
    kind: 'choice',
    choices: rungNames,
    title: 'Rung',
    words: 'configuration of the paper, A to G',
    ofConfig: true,
    read: (run) => run.config && rungOf(run.config.network.switches),
  }),
  field({
    name: 'parameters',
    aliases: ['size'],
    kind: 'number',
    unit: 'parameters',
    title: 'Size',
    words: 'trainable numbers of the network',
    read: (run) => run.parameters,
  }),
  field({
    name: 'devices',
    title: 'Devices',
    words: 'devices that share its batch, where it has its own',
    read: (run) => run.devices,
  }),
  field({ name: 'failure', title: 'Failure', words: 'why it failed', read: (run) => run.error }),
  field({ name: 'created', kind: 'time', title: 'Created', words: 'when it was made', read: (run) => run.createdAt }),
  field({
    name: 'started',
    kind: 'time',
    title: 'Started',
    words: 'when it began to train',
    read: (run) => run.startedAt,
  }),
  field({ name: 'ended', kind: 'time', title: 'Ended', words: 'when it ended', read: (run) => run.endedAt }),
];

const results: readonly RunField[] = [
  field({
    name: 'progress',
    kind: 'number',
    unit: 'share',
    title: 'Progress',
    words: 'images seen as a share of all; 50% is half',
    read: (run) => Math.min(1, run.nimg / run.durationImages),
  }),
  field({
    name: 'images',
    aliases: ['nimg', 'seen'],
    kind: 'number',
    unit: 'images',
    title: 'Images',
    words: 'training images seen',
    read: (run) => run.nimg,
  }),
  field({
    name: 'total',
    kind: 'number',
    unit: 'images',
    title: 'Total',
    words: 'training images to see in all',
    read: (run) => run.durationImages,
  }),
  field({ name: 'loss', kind: 'number', title: 'Loss', words: 'of its newest tick', read: (run) => run.lastLoss }),
  field({
    name: 'error',
    aliases: ['weightedError'],
    kind: 'number',
    title: 'Error',
    words: 'weighted error of its newest tick: the loss without the learned weight',
    read: (run) => run.lastError,
  }),
  field({
    name: 'validation',
    aliases: ['validationError'],
    kind: 'number',
    title: 'Validation',
    words: 'newest validation error of the average that draws',
    read: (run) => run.validationError,
  }),
  field({
    name: 'speed',
    kind: 'number',
    unit: 'img/s',
    title: 'Speed',
    words: 'images a second, of its newest tick',
    read: (run) => run.imagesPerSecond,
  }),
  field({
    name: 'time',
    aliases: ['trainSeconds'],
    kind: 'number',
    unit: 'seconds',
    title: 'Time',
    words: 'time it trained, pauses left out',
    read: (run) => run.trainSeconds,
  }),
  field({
    name: 'memory',
    aliases: ['memoryBytes'],
    kind: 'number',
    unit: 'bytes',
    title: 'Memory',
    words: 'memory of its process at its newest tick',
    read: (run) => run.memoryBytes,
  }),
].map((one) => ({ ...one, group: 'Results' as const }));

/** Short names of settings that are asked for often. Each setting may be called by the last part of its path, too. */
const SHORT: Readonly<Record<string, readonly string[]>> = {
  'training.learningRate': ['lr', 'rate'],
  'training.batchSize': ['batch'],
  'network.modelChannels': ['channels'],
  'network.attnResolutions': ['attention'],
};

const groupOf = { network: 'Network', training: 'Training', logging: 'Logging', grid: 'Grid' } as const;

function configFields(taken: ReadonlySet<string>): RunField[] {
  const settings = configSettings();
  const last = (path: string): string => path.slice(path.lastIndexOf('.') + 1);
  return settings.map(({ path, kind, choices }) => {
    const own = last(path);
    const unique = !taken.has(own) && settings.filter((other) => last(other.path) === own).length === 1;
    return field({
      name: path,
      aliases: [...(unique ? [own] : []), ...(SHORT[path] ?? [])],
      kind,
      choices,
      unit: own.endsWith('Images') ? 'images' : '',
      group: groupOf[path.slice(0, path.indexOf('.')) as keyof typeof groupOf],
      title: inWords(own),
      words: `setting ${path}`,
      ofConfig: true,
      read: ({ config }) => config && (settingOf(config, path) as ReturnType<RunField['read']>),
    });
  });
}

/** "learningRate" → "Learning rate". */
function inWords(name: string): string {
  const words = name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
  return words[0]!.toUpperCase() + words.slice(1);
}

let fields: readonly RunField[] | null = null;
let byName: ReadonlyMap<string, RunField> | null = null;

/** Every field, in the order in which they are offered. */
export function runFields(): readonly RunField[] {
  const own = [...ofRun, ...results];
  fields ??= [...own, ...configFields(new Set(own.flatMap(({ name, aliases }) => [name, ...aliases])))];
  return fields;
}

/** The field of a name or other name, whatever its capitals; undefined: there is none. */
export function runFieldNamed(name: string): RunField | undefined {
  byName ??= new Map(
    runFields().flatMap((one) => [one.name, ...one.aliases].map((called) => [called.toLowerCase(), one] as const)),
  );
  return byName.get(name.toLowerCase());
}
