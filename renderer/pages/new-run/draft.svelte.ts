import { shapeFor } from '../../../contract/data-shape.ts';
import type { Dataset } from '../../../contract/datasets.ts';
import * as z from 'zod';
import { Devices } from '../../../contract/devices.ts';
import { climb, descend, rungNames, rungOf, type RungName } from '../../../contract/ladder.ts';
import type { DataShape } from '../../../contract/network.ts';
import { Across } from '../../../contract/machines.ts';
import { Precision } from '../../../contract/precision.ts';
import { findPreset, presets, type Preset } from '../../../contract/presets.ts';
import { beginning, LONGEST_NAME } from '../../../contract/names.ts';
import { RunName, trainingOf, type Run } from '../../../contract/runs.ts';
import { NetworkSwitches } from '../../../contract/switches.ts';
import { NewRunConfig, type RunConfig } from '../../../contract/training.ts';
import { allFields } from '../../lib/run/config-fields.ts';
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

/** What was entered so far, to be kept until the run is started. */
export const KeptDraft = z.object({
  name: z.string(),
  /** Null: settings of the run that the form started from. */
  preset: z.string().nullable(),
  rung: z.enum(rungNames).nullable(),
  /** All of them; absent: those of the rung. */
  switches: NetworkSwitches.optional(),
  precision: Precision,
  /** Texts and flags of the fields that were changed by hand, by path. */
  changes: z.record(z.string(), z.union([z.string(), z.boolean()])),
  devices: Devices.nullable(),
  across: Across.nullable(),
});
export type KeptDraft = z.infer<typeof KeptDraft>;

/** A run that is being put together: what was typed, what it means, and what is wrong with it. */
export class RunDraft {
  name = $state('');
  dataset: Dataset | null = $state.raw(null);
  /** The run whose settings the form starts from; null: a preset's. */
  #source: RunConfig | null = $state.raw(null);
  /** Name of the preset that is chosen; null: all is as in that run. */
  preset: string | null = $state(presets[0]!.name);
  /** The rung of the ladder that the settings stand on; null: switches that belong to none. */
  rung: RungName | null = $state('G');
  /** Switches that differ from those of the rung, or of the run that the form started from. */
  switches: Partial<NetworkSwitches> = $state.raw({});
  /** The settings on rung G, from where all rungs are reached; null: their switches belong to none. */
  #onG: RunConfig | null = $state.raw(presets[0]!.config);
  readonly canClimb: boolean = $derived(this.#onG !== null);
  /** With what the fields were filled last; what stands in them otherwise was changed by hand. */
  #filled: RunConfig = $state.raw(presets[0]!.config);
  /** "Changed" is said against it: the preset on its rung, or the run that the form started from. */
  readonly baseline: RunConfig = $derived(this.#source ?? this.#filled);
  /** The rung of that run; null: there is none, or it is on none. */
  readonly rungBefore: RungName | null = $derived(this.#source && rungOf(this.#source.network.switches));
  /** That share each batch; null: the one of the settings. A preset or run doesn't say. */
  devices: string[] | null = $state.raw(null);
  /** How other machines take part; null: they don't, or it isn't said yet. */
  across: Across | null = $state.raw(null);
  /** Of the activations; a preset or run sets it to its own. */
  precision: Precision = $state('fp32');
  /** What stands in the fields, by path. Switches are in `flags`. */
  readonly texts: Record<string, string> = $state({});
  readonly flags: Record<string, boolean> = $state({});

  /** Each, as it is chosen now. */
  readonly allSwitches: NetworkSwitches = $derived({ ...this.#filled.network.switches, ...this.switches });

  readonly #readings = $derived.by(() => {
    const config = structuredClone(this.#filled);
    config.training.precision = this.precision;
    config.network.switches = this.allSwitches;
    const problems: Record<string, string> = {};
    for (const path of paths) {
      if (isFlag(path)) setAt(config, path, this.flags[path] ?? false);
      else {
        const reading = readText(this.texts[path] ?? '', ranges.get(path)!);
        // An unreadable field keeps the value it was filled with, so that the others are judged all the same.
        if ('problem' in reading) problems[path] = reading.problem;
        else setAt(config, path, reading.value);
      }
    }
    return { config, problems };
  });
  readonly #parsed = $derived(NewRunConfig.safeParse(this.#readings.config));

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
  readonly changed: ReadonlySet<string> = $derived(new Set(this.#differing(this.baseline)));

  constructor() {
    this.useDefaults();
  }

  /** The first preset on rung G. */
  useDefaults(): void {
    this.rung = 'G';
    this.usePreset(presets[0]!);
  }

  /**
   * Takes a preset; the rung stays. Every field is filled from it. Where the settings came from a run, only what differs
   * between this preset and the run's own is, and what was changed by hand stays.
   */
  usePreset(preset: Preset): void {
    this.preset = preset.name;
    if (this.#source === null) {
      this.precision = preset.config.training.precision;
      this.#onG = preset.config;
      this.rung ??= 'G';
      this.#fill(climb(preset.config, this.rung));
    } else this.#fillFromSource();
  }

  /** Puts the settings on another rung, and all switches with it. What else was changed by hand stays. Without effect unless `canClimb`. */
  useRung(rung: RungName): void {
    if (this.#onG === null) return;
    this.rung = rung;
    this.switches = {};
    if (this.#source === null) this.#refill(climb(this.#onG, rung));
    else this.#fillFromSource();
  }

  /** Sets switches; the others stay. */
  useSwitches(chosen: Partial<NetworkSwitches>): void {
    const usual = this.#filled.network.switches;
    const all = Object.entries({ ...this.switches, ...chosen });
    this.switches = Object.fromEntries(all.filter(([name, value]) => value !== usual[name as keyof NetworkSwitches]));
  }

  /** Fills every field from a run that exists, and proposes a name that tells the two apart. */
  useRun(run: Pick<Run, 'config' | 'name' | 'microBatch' | 'durationImages'>, taken: readonly string[] = []): void {
    this.#source = { ...run.config, training: trainingOf(run) };
    this.backToRun();
    this.name = freeName(run.name, [...taken, run.name]);
  }

  /** Fills every field from the run again that the form started from. */
  backToRun(): void {
    const config = this.#source;
    if (config === null) return;
    this.preset = null;
    this.rung = rungOf(config.network.switches);
    this.#onG = descend(config, ownPreset(config).config);
    this.precision = config.training.precision;
    this.#fill(config);
  }

  /** The settings of the run, changed in what the preset and the rung change that are chosen now. */
  #fillFromSource(): void {
    const source = this.#source!;
    const chosen = this.preset === null ? undefined : findPreset(this.preset);
    let config = structuredClone(descend(source, ownPreset(source).config) ?? source);
    if (chosen !== undefined) {
      const before = source.preset === null ? undefined : findPreset(source.preset);
      const { precision } = chosen.config.training;
      this.precision = precision === before?.config.training.precision ? source.training.precision : precision;
      for (const path of paths) {
        const value = valueAt(chosen.config, path);
        if (before === undefined || !same(value, valueAt(before.config, path))) setAt(config, path, value);
      }
      config.preset = chosen.name;
    }
    if (this.#onG !== null) {
      this.#onG = config;
      const untouched = chosen === undefined && this.rung === this.rungBefore;
      config = untouched ? source : climb(config, this.rung!);
    }
    this.#refill(config);
  }

  /** What was entered so far. */
  kept(): KeptDraft {
    const { name, preset, rung, allSwitches: switches, precision, devices, across } = this;
    const changes = Object.fromEntries(
      this.#differing(this.#filled).map((path) => [path, isFlag(path) ? this.flags[path]! : (this.texts[path] ?? '')]),
    );
    return { name, preset, rung, switches, precision, changes, devices, across };
  }

  /** Enters again what was entered before. */
  take({ name, preset, rung, switches, precision, changes, devices, across }: KeptDraft): void {
    const chosen = preset === null ? undefined : findPreset(preset);
    if (chosen !== undefined) this.usePreset(chosen);
    if (rung !== null) this.useRung(rung);
    this.useSwitches(switches ?? {});
    this.name = name;
    this.precision = precision;
    this.devices = devices;
    this.across = across;
    for (const [path, value] of Object.entries(changes)) {
      if (!ranges.has(path) || isFlag(path) !== (typeof value === 'boolean')) continue; // of an earlier version
      if (typeof value === 'boolean') this.flags[path] = value;
      else this.texts[path] = value;
    }
  }

  /** Decides how steps are computed. @param microBatch null: the whole batch at once */
  computeWith(precision: Precision, microBatch: number | null): void {
    this.precision = precision;
    this.texts['training.microBatch'] = writeText(microBatch);
  }

  /** Enters numbers as if they were typed, by path. */
  enter(numbers: Readonly<Record<string, number>>): void {
    for (const [path, value] of Object.entries(numbers)) this.#put(path, value);
  }

  /** Puts the baseline's value back into one field. */
  reset(path: string): void {
    this.#put(path, valueAt(this.baseline, path));
  }

  #put(path: string, value: Value): void {
    if (typeof value === 'boolean') this.flags[path] = value;
    else this.texts[path] = writeText(value);
  }

  #fill(config: RunConfig): void {
    this.#filled = config;
    this.switches = {};
    for (const path of paths) this.#put(path, valueAt(config, path));
  }

  /** Fills the fields that were not changed by hand. */
  #refill(config: RunConfig): void {
    const byHand = new Set(this.#differing(this.#filled));
    this.#filled = config;
    for (const path of paths) if (!byHand.has(path)) this.#put(path, valueAt(config, path));
  }

  /** Paths of the fields that say something else than a config. */
  #differing(config: RunConfig): string[] {
    return paths.filter((path) =>
      isFlag(path)
        ? this.flags[path] !== valueAt(config, path)
        : !same(valueAt(this.#readings.config, path), valueAt(config, path)) || path in this.#readings.problems,
    );
  }
}

const same = (a: Value, b: Value): boolean => JSON.stringify(a) === JSON.stringify(b);

/** The preset that a run began with, or the first. */
function ownPreset({ preset }: RunConfig): Preset {
  return (preset === null ? undefined : findPreset(preset)) ?? presets[0]!;
}

/** `wanted`, or "wanted 2", "wanted 3" … if it is taken, cut so that it is a name. A number at the end counts on. */
export function freeName(wanted: string, taken: readonly string[]): string {
  const whole = beginning(wanted, LONGEST_NAME).trimEnd();
  if (!taken.includes(whole)) return whole;
  const [, stem = whole, number = '1'] = /^(.*?) (\d+)$/.exec(whole) ?? [];
  for (let next = Number(number) + 1; ; next++) {
    const name = `${beginning(stem, LONGEST_NAME - ` ${next}`.length)} ${next}`;
    if (!taken.includes(name)) return name;
  }
}
