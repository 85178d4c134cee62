import type { Dataset } from '../../../contract/datasets.ts';
import { climb, rungOf, type RungName } from '../../../contract/ladder.ts';
import type { DataShape } from '../../../contract/network.ts';
import type { Across } from '../../../contract/machines.ts';
import type { Precision } from '../../../contract/precision.ts';
import { presets, type Preset } from '../../../contract/presets.ts';
import { RunName, type Run } from '../../../contract/runs.ts';
import { RunConfig } from '../../../contract/training.ts';
import { allFields } from './fields.ts';
import { problemsByField } from './problems.ts';
import { rangeOf } from './ranges.ts';
import { readText, writeText } from './texts.ts';

const paths = allFields.map((field) => field.path);
const ranges = new Map(paths.map((path) => [path, rangeOf(path)]));
const isFlag = (path: string): boolean => ranges.get(path)!.type === 'boolean';

type Value = number | number[] | boolean | null;

/** The value at a path of a config. */
export function valueAt(config: RunConfig, path: string): Value {
  let value: unknown = config;
  for (const name of path.split('.')) value = (value as Record<string, unknown>)[name];
  return value as Value;
}

function setAt(config: RunConfig, path: string, value: Value): void {
  const names = path.split('.');
  const last = names.pop()!;
  let place = config as unknown as Record<string, unknown>;
  for (const name of names) place = place[name] as Record<string, unknown>;
  place[last] = value;
}

/** What a network for this dataset is shaped like. Without classes, or when it is not told them, it has none. */
export function shapeFor(dataset: Dataset, config: RunConfig): DataShape {
  const labelDim = config.training.classConditional ? dataset.classes.length : 0;
  return { resolution: dataset.resolution, channels: dataset.channels, labelDim };
}

/** A run that is being put together: what was typed, what it means, and what is wrong with it. */
export class RunDraft {
  name = $state('');
  dataset: Dataset | null = $state.raw(null);
  /** The preset or run whose values the form started from, before it was put on a rung. */
  #origin: RunConfig = $state.raw(presets[0]!.config);
  /** The rung of the ladder that the settings stand on; null: switches that belong to none. */
  rung: RungName | null = $state('G');
  /** Rungs are reached from G; settings of a run that stands elsewhere stay there. */
  readonly canClimb: boolean = $derived(rungOf(this.#origin.network.switches) === 'G');
  /** `#origin` on its rung; "changed" is said against it. */
  baseline: RunConfig = $state.raw(presets[0]!.config);
  /** That share each batch; null: the one of the settings. A preset or run doesn't say. */
  devices: string[] | null = $state.raw(null);
  /** How other machines take part; null: they don't, or it isn't said yet. */
  across: Across | null = $state.raw(null);
  /** Of the activations; a preset or run sets it to its own. */
  precision: Precision = $state('fp32');
  /** What stands in the fields, by path. Switches are in `flags`. */
  readonly texts: Record<string, string> = $state({});
  readonly flags: Record<string, boolean> = $state({});

  readonly #readings = $derived.by(() => {
    const config = structuredClone(this.baseline);
    config.training.precision = this.precision;
    const problems: Record<string, string> = {};
    for (const path of paths) {
      if (isFlag(path)) setAt(config, path, this.flags[path] ?? false);
      else {
        const reading = readText(this.texts[path] ?? '', ranges.get(path)!);
        // An unreadable field keeps the baseline's value, so that the others are judged all the same.
        if ('problem' in reading) problems[path] = reading.problem;
        else setAt(config, path, reading.value);
      }
    }
    return { config, problems };
  });
  readonly #parsed = $derived(RunConfig.safeParse(this.#readings.config));

  /** One sentence for each field that has a problem, by path; '' for what belongs to no field. */
  readonly problems: Record<string, string> = $derived({
    ...problemsByField(this.#parsed.error?.issues ?? [], paths),
    ...this.#readings.problems,
  });
  /** The finished config, or null while a field has a problem. */
  readonly config: RunConfig | null = $derived(
    Object.keys(this.problems).length === 0 && this.#parsed.success ? this.#parsed.data : null,
  );
  readonly nameProblem: string | null = $derived.by(() => {
    if (RunName.safeParse(this.name).success) return null;
    return this.name.trim() === '' ? 'Give the run a name.' : 'A name has at most 100 characters.';
  });
  readonly shape: DataShape | null = $derived(this.dataset && this.config ? shapeFor(this.dataset, this.config) : null);
  /** Paths of the fields that differ from the baseline. */
  readonly changed: ReadonlySet<string> = $derived(
    new Set(
      paths.filter((path) =>
        isFlag(path)
          ? this.flags[path] !== valueAt(this.baseline, path)
          : JSON.stringify(valueAt(this.#readings.config, path)) !== JSON.stringify(valueAt(this.baseline, path)) ||
            path in this.#readings.problems,
      ),
    ),
  );

  constructor() {
    this.usePreset(presets[0]!);
  }

  /** Fills every field from a preset; the rung stays. */
  usePreset(preset: Preset): void {
    this.rung ??= 'G';
    this.#origin = preset.config;
    this.precision = preset.config.training.precision;
    this.#fill(climb(preset.config, this.rung));
  }

  /** Puts the settings on another rung. What was changed by hand stays. Without effect unless `canClimb`. */
  useRung(rung: RungName): void {
    if (!this.canClimb) return;
    const texts = { ...this.texts };
    const flags = { ...this.flags };
    const kept = [...this.changed];
    this.rung = rung;
    this.#fill(climb(this.#origin, rung));
    for (const path of kept) {
      if (isFlag(path)) this.flags[path] = flags[path]!;
      else this.texts[path] = texts[path]!;
    }
  }

  /** Fills every field from a run that exists, and proposes a name that tells the two apart. */
  useRun(run: Pick<Run, 'config' | 'name'>, taken: readonly string[] = []): void {
    this.rung = rungOf(run.config.network.switches);
    this.#origin = run.config;
    this.precision = run.config.training.precision;
    this.#fill(run.config);
    this.name = freeName(run.name, [...taken, run.name]);
  }

  /** Decides how steps are computed. @param microBatch null: the whole batch at once */
  computeWith(precision: Precision, microBatch: number | null): void {
    this.precision = precision;
    this.texts['training.microBatch'] = writeText(microBatch);
  }

  /** Puts the baseline's value back into one field. */
  reset(path: string): void {
    const value = valueAt(this.baseline, path);
    if (typeof value === 'boolean') this.flags[path] = value;
    else this.texts[path] = writeText(value);
  }

  #fill(config: RunConfig): void {
    this.baseline = config;
    for (const path of paths) this.reset(path);
  }
}

/** `wanted`, or "wanted 2", "wanted 3" … if it is taken. A number at the end counts on. */
export function freeName(wanted: string, taken: readonly string[]): string {
  if (!taken.includes(wanted)) return wanted;
  const [, stem = wanted, number = '1'] = /^(.*?) (\d+)$/.exec(wanted) ?? [];
  for (let next = Number(number) + 1; ; next++) {
    const name = `${stem} ${next}`;
    if (!taken.includes(name)) return name;
  }
}
