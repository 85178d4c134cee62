import { bucketsOf, gainNames, weightNames, type NetworkPlan } from '../../contract/architecture.ts';
import type { DynamicsKind } from '../../contract/dynamics.ts';
import { forwardSegments, type Segment } from '../edm2/training/measure-forward.ts';
import { gainStacks, updateKinds, weightStacks } from '../edm2/training/measure-update.ts';

/** What was measured of a step, as the device gives it. */
export interface StepMeasures {
  /** `forwardSegments`, of the whole batch. */
  readonly forward: Float32Array;
  /** `UpdateMeasures`. */
  readonly layers: Float32Array;
  readonly units: Float32Array;
  readonly gains: Float32Array;
}

/** Numbers of one kind, by the names of what has them. */
export interface Dynamics {
  readonly kind: DynamicsKind;
  readonly names: readonly string[];
  readonly numbers: Float32Array;
}

/** What was measured of a step, by kind; kinds of which the network has nothing are left out. */
export function stepDynamics(plan: NetworkPlan, measures: StepMeasures): Dynamics[] {
  const all = [...ofLayers(plan, measures), ...ofForward(plan, measures), ...ofBuckets(plan, measures)];
  return [...all, ofGains(plan, measures)].filter(({ names }) => names.length > 0);
}

function ofLayers(plan: NetworkPlan, { layers }: StepMeasures): Dynamics[] {
  const names = weightNames(plan);
  const row = (kind: (typeof updateKinds)[number]): Float32Array => {
    const first = updateKinds.indexOf(kind) * names.length;
    return layers.subarray(first, first + names.length);
  };
  const weight = row('weight');
  return [
    ...updateKinds.map((kind) => ({ kind, names, numbers: row(kind) })),
    { kind: 'relative-update', names, numbers: row('update').map((update, at) => update / weight[at]!) },
  ];
}

function ofForward(plan: NetworkPlan, { forward }: StepMeasures): Dynamics[] {
  const numbers = new Map(numbersOf(plan, forward).map(([{ kind, name }, [value]]) => [`${kind} ${name}`, value!]));
  const of = (kind: Exclude<Segment['kind'], 'feature'>, finish = (mean: number): number => mean): Dynamics => {
    const names = forwardSegments(plan).flatMap((segment) => (segment.kind === kind ? [segment.name] : []));
    return { kind, names, numbers: Float32Array.from(names, (name) => finish(numbers.get(`${kind} ${name}`)!)) };
  };
  return [of('activation', Math.sqrt), of('clipped'), of('logit', Math.sqrt), of('entropy')];
}

/** A kind of numbers of the paper's buckets. */
type BucketKind = `${'weight' | 'activation'}-${'max' | 'mean'}`;

/** What an average of the weights was measured by on the probed pictures, by kind. */
export function averageDynamics(plan: NetworkPlan, measures: Pick<StepMeasures, 'forward' | 'units'>): Dynamics[] {
  return ofBuckets(plan, measures).map(({ kind, ...rest }) => ({ kind: `average-${kind}`, ...rest }));
}

/** Largest and mean over all output units of the layers of each bucket, each unit counting once. */
function ofBuckets(
  plan: NetworkPlan,
  { forward, units }: Pick<StepMeasures, 'forward' | 'units'>,
): (Dynamics & { readonly kind: BucketKind })[] {
  const buckets = bucketsOf(plan);
  const names = buckets.map(({ name }) => name);
  const features = numbersOf(plan, forward).filter(([{ kind }]) => kind === 'feature');
  const activations = new Map(features.map(([{ name }, squares]) => [name, squares.map(Math.sqrt)]));
  const over = (
    what: 'weight' | 'activation',
    ofLayer: ReadonlyMap<string, Float32Array>,
  ): ReturnType<typeof ofBuckets> => {
    const parts = buckets.map(({ layers }) => layers.map((layer) => ofLayer.get(layer)!));
    const count = (part: readonly Float32Array[]): number => part.reduce((sum, { length }) => sum + length, 0);
    const sum = (values: Float32Array): number => values.reduce((total, value) => total + value, 0);
    const max = parts.map((part) => Math.max(...part.map((values) => values.reduce((a, b) => Math.max(a, b)))));
    const mean = parts.map((part) => part.reduce((total, values) => total + sum(values), 0) / count(part));
    return [
      { kind: `${what}-max`, names, numbers: Float32Array.from(max) },
      { kind: `${what}-mean`, names, numbers: Float32Array.from(mean) },
    ];
  };
  return [...over('weight', unitsOf(plan, units)), ...over('activation', activations)];
}

function ofGains(plan: NetworkPlan, { gains }: StepMeasures): Dynamics {
  const names = gainNames(plan);
  const order = gainStacks(plan).flatMap(({ members }) => members);
  return { kind: 'gain', names, numbers: Float32Array.from(names, (name) => gains[order.indexOf(name)]!) };
}

/** The vector of a forward pass, segment by segment. */
function numbersOf(plan: NetworkPlan, forward: Float32Array): [Segment, Float32Array][] {
  let at = 0;
  return forwardSegments(plan).map((segment) => [segment, forward.subarray(at, (at += segment.size))]);
}

/** Root mean squares of the output units of each layer, by its name. */
function unitsOf(plan: NetworkPlan, units: Float32Array): Map<string, Float32Array> {
  let at = 0;
  const parts = weightStacks(plan).flatMap(({ members, shape }) =>
    members.map((member) => [member.replace(/\.weight$/, ''), units.subarray(at, (at += shape.at(-1)!))] as const),
  );
  return new Map(parts);
}

/** The same of a whole batch, from what equally large parts of it gave. */
export function meanOfParts(parts: readonly Float32Array[]): Float32Array {
  return parts[0]!.map((_, at) => parts.reduce((sum, part) => sum + part[at]!, 0) / parts.length);
}
