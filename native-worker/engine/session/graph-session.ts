import type { RunMetadata } from '../proto/tensorflow_pb.js';
import { inWords, sizeOf, type HostTensor } from './host-tensor.ts';
import type { NativeTensor } from './native-tensor.ts';
import type { SessionOptions } from './options.ts';
import { Session } from './session.ts';
import { keyAndCounter } from '../philox.ts';
import type { Seed } from '../../../contract/seed.ts';
import { hostOf, type Fed } from './host.ts';
import { nodeNames, towerName, type DrawNames } from '../recording/names.ts';
import type { GraphProgram, Specs, TensorSpec, TowersProgram } from '../recording/program.ts';

/** State that is kept while it moves on. */
export interface HeldTensors {
  /** A tensor's numbers; it is not held any more. */
  take(name: string): HostTensor;
  /** Lets go of all that wasn't taken. */
  release(): void;
}

/** Where the numbers of a name are: a tensor, or a row of one. */
interface Place {
  /** Of the state that has them. */
  readonly state: string;
  /** null: all of it. */
  readonly row: number | null;
}

/**
 * What is held, by names of which several may share a tensor.
 *
 * @param held  tensors by the names of their state, from now on this function's
 * @param names where the numbers of each name are
 */
export function holding<Held extends { dispose(): void }>(
  held: ReadonlyMap<string, Held>,
  names: ReadonlyMap<string, Place>,
  read: (tensor: Held, row: number | null) => HostTensor,
): HeldTensors {
  const left = new Map(names);
  return {
    take: (name) => {
      const place = left.get(name);
      if (place === undefined) throw new Error(`${name} is not held`);
      left.delete(name);
      const tensor = held.get(place.state)!;
      const host = read(tensor, place.row);
      if (![...left.values()].some(({ state }) => state === place.state)) tensor.dispose();
      return host;
    },
    release: () => {
      for (const tensor of held.values()) tensor.dispose();
      left.clear();
    },
  };
}

/** A run of an entry that was traced. */
export interface TracedRun {
  readonly entry: string;
  readonly metadata: RunMetadata;
}

/** Bytes that are fed at once, at most, but for a tensor that is larger: a message between machines holds less than 2 GB. */
const FED_AT_ONCE = 2 ** 29;

/** What one of several devices gets in a run, and what is asked of it. */
export interface PartOfRun {
  readonly inputs: Readonly<Record<string, Fed>>;
  readonly outputs: readonly string[];
  /** Of an entry that computes a part, the first of its rows. */
  readonly first: number;
}

/** Tensors of a session, by the names of the nodes that they are fed to. */
type Feeds = Readonly<Record<string, NativeTensor>>;

/**
 * A recorded program with its state, ready to run. The first run of a set of outputs takes a second or more, because
 * TensorFlow plans it then.
 *
 * JavaScript goes on while it computes. Runs come one after another, in the order in which they were asked for.
 */
export class GraphSession {
  readonly #program: GraphProgram;
  /** What devices but the first run; null: there is one. */
  readonly #others: GraphProgram | null;
  /** Devices that run it. */
  readonly towers: number;
  readonly #session: Session;
  /** Two sets of fed tensors for each entry, in turns: what the last run was fed with stays as it was during the next. */
  readonly #feeds = new Map<string, { readonly sets: readonly [Feeds, Feeds]; turn: number }>();
  /** Runs that were asked for and aren't over. */
  #underWay = 0;
  /** Settles when all of them are. */
  #last: Promise<unknown> = Promise.resolve();
  /** Where what is traced goes; null: nothing is. */
  #traces: TracedRun[] | null = null;

  constructor(program: GraphProgram | TowersProgram, options: SessionOptions = {}) {
    this.#program = program;
    [this.#others, this.towers] = 'others' in program ? [program.others, program.towers] : [null, 1];
    this.#session = new Session(program.graph, options);
  }

  /**
   * Gives every state tensor its value, in the memory in which it stays.
   *
   * @param value asked for each tensor in turn, or for each of its rows if they have names, so that no more than one need
   *   be there beside the state; once a device
   * @throws {Error} if one has another shape or type than the program was recorded for
   */
  async initialise(value: (name: string) => Fed): Promise<void> {
    for (let tower = 0; tower < this.towers; tower += 1) await this.#initialise(tower, value);
  }

  async #initialise(tower: number, value: (name: string) => Fed): Promise<void> {
    for (const names of groupsOf(this.#programOf(tower).state)) await this.#assign(tower, names, value);
  }

  async #assign(tower: number, names: readonly string[], value: (name: string) => Fed): Promise<void> {
    const { state } = this.#programOf(tower);
    const feeds: Record<string, NativeTensor> = {};
    try {
      for (const name of names) {
        const spec = state[name]!;
        const tensor = this.#session.allocate(spec.dtype, spec.shape);
        feeds[towerName(tower, nodeNames.initial(name))] = tensor;
        if (spec.rows === undefined) tensor.write(fitting(name, spec, value(name)));
        const row = { dtype: spec.dtype, shape: spec.shape.slice(1) };
        for (const [index, name] of spec.rows?.entries() ?? []) {
          tensor.writeRow(index, fitting(name, row, value(name)));
        }
      }
      const targets = names.map((name) => towerName(tower, nodeNames.assigned(name)));
      await this.#inTurn(() => this.#session.run({ feeds, targets }));
    } finally {
      for (const tensor of Object.values(feeds)) tensor.dispose();
    }
  }

  /**
   * Keeps the state as it is once all runs that were asked for are over, whatever comes after. Costs nothing at first: what
   * a later run changes is copied then.
   */
  async hold(names: readonly string[]): Promise<HeldTensors> {
    const places = placesOf(this.#program.state, names);
    const states = [...new Set([...places.values()].map(({ state }) => state))];
    const tensors = await this.#inTurn(() => this.#session.run({ fetches: states.map(nodeNames.stored) }));
    return holding(new Map(states.map((state, index) => [state, tensors[index]!])), places, (tensor, row) =>
      row === null ? tensor.read() : tensor.readRow(row),
    );
  }

  /** The state as it is once all runs that were asked for are over. */
  async read(names: readonly string[]): Promise<Record<string, HostTensor>> {
    const held = await this.hold(names);
    return Object.fromEntries(names.map((name) => [name, held.take(name)]));
  }

  /** Names of an entry's outputs; null: there is no such entry. */
  outputsOf(entry: string): readonly string[] | null {
    return this.#program.entries[entry]?.outputs ?? null;
  }

  /**
   * Runs one entry, with its updates of the state; of several devices the first does.
   *
   * @param inputs  must stay as they are until the run is over
   * @param seed    seed of each purpose of random numbers
   * @param outputs which of the entry's outputs are wanted; what only others need isn't computed
   * @param first   of an entry that computes a part (`Entry.partOf`), the first of its rows
   * @throws {Error} if an input is missing, or has another shape or type than the program was recorded for
   * @throws {TensorFlowError} whatever goes wrong inside the graph
   */
  async run(
    entry: string,
    inputs: Readonly<Record<string, Fed>>,
    seed: (purpose: string) => Seed,
    outputs: readonly string[],
    first = 0,
  ): Promise<Record<string, HostTensor>> {
    const [results] = await this.runTogether(entry, seed, [{ inputs, outputs, first }]);
    return results!;
  }

  /**
   * Runs one entry on several devices at once, the first ones, so that what it sums over devices can come about.
   *
   * @param parts what each device gets and is asked for
   * @returns     the outputs of each
   * @throws      as `run`
   */
  async runTogether(
    entry: string,
    seed: (purpose: string) => Seed,
    parts: readonly PartOfRun[],
  ): Promise<Record<string, HostTensor>[]> {
    const fed = parts.flatMap(({ inputs, first }, tower) => {
      const names = this.#programOf(tower).entries[entry];
      if (names === undefined) throw new Error(`the program has no entry ${entry}`);
      const ofTower: [string, HostTensor][] = [
        ...Object.entries(names.inputs).map(([name, spec]): [string, HostTensor] => {
          return [nodeNames.input(entry, name), fitting(name, spec, inputs[name])];
        }),
        ...names.draws.flatMap((draw) => fedToDraw(entry, draw, seed(draw.purpose), first)),
      ];
      return ofTower.map(([node, host]): [string, HostTensor] => [towerName(tower, node), host]);
    });
    const wanted = parts.flatMap(({ outputs }, tower) =>
      outputs.map((name) => towerName(tower, nodeNames.output(entry, name))),
    );
    const targets = parts.map((_, tower) => towerName(tower, nodeNames.done(entry)));
    const traces = this.#traces;
    const tensors = await this.#inTurn(async () => {
      const feeds = this.#nextFeeds(`${entry} on ${parts.length}`, fed);
      for (const [node, host] of fed) feeds[node]!.write(host);
      const traced = traces && { onTrace: (metadata: RunMetadata) => void traces.push({ entry, metadata }) };
      return await this.#session.run({ feeds, fetches: wanted, targets, ...traced });
    });
    let at = 0;
    return parts.map(({ outputs }) => handOver(outputs, tensors.slice(at, (at += outputs.length))));
  }

  /**
   * Compares state of all devices, bit by bit, one tensor after another.
   *
   * @param names of state; of a tensor whose rows have names any of them stands for all
   * @returns     the devices, counted from 0, where something differs from the first
   */
  async differing(names: readonly string[]): Promise<number[]> {
    const states = [...new Set([...placesOf(this.#program.state, names).values()].map(({ state }) => state))];
    const found = new Set<number>();
    for (const state of states) {
      const fetches = Array.from({ length: this.towers }, (_, tower) => towerName(tower, nodeNames.stored(state)));
      const tensors = await this.#inTurn(() => this.#session.run({ fetches }));
      const [first, ...others] = tensors.map((tensor) => tensor.read());
      for (const tensor of tensors) tensor.dispose();
      others.forEach((other, index) => {
        if (!bytesOf(other).equals(bytesOf(first!))) found.add(index + 1);
      });
    }
    return [...found].sort((a, b) => a - b);
  }

  /** Gives a device the state that the first one has. */
  async copyFirstTo(tower: number): Promise<void> {
    const { state } = this.#programOf(tower);
    const names = Object.entries(state).flatMap(([name, { rows }]) => rows ?? [name]);
    const held = await this.hold(names);
    try {
      await this.#initialise(tower, (name) => held.take(name));
    } finally {
      held.release();
    }
  }

  #programOf(tower: number): GraphProgram {
    return tower === 0 ? this.#program : this.#others!;
  }

  /**
   * Traces all runs of entries that `work` asks for, which takes longer than running them.
   *
   * @returns what they were, in their order
   */
  async trace(work: () => Promise<void>): Promise<readonly TracedRun[]> {
    const traces: TracedRun[] = [];
    this.#traces = traces;
    try {
      await work();
    } finally {
      this.#traces = null;
    }
    return traces;
  }

  /** TensorFlow's names of the devices that there are for it: "/device:GPU:0". */
  devices(): Promise<string[]> {
    return this.#session.devices();
  }

  /** What was asked for ends first. */
  close(): void {
    this.#session.close();
  }

  /** Begins at once if nothing is under way: what the caller does next goes on beside it. */
  #inTurn<T>(run: () => Promise<T>): Promise<T> {
    const result = this.#underWay === 0 ? run() : this.#last.then(run);
    const end = (): void => void (this.#underWay -= 1);
    this.#underWay += 1;
    this.#last = result.then(end, end); // whoever asked hears of what went wrong
    return result;
  }

  #nextFeeds(entry: string, fed: readonly [string, HostTensor][]): Feeds {
    const known = this.#feeds.get(entry) ?? { sets: [this.#newFeeds(fed), this.#newFeeds(fed)] as const, turn: 0 };
    this.#feeds.set(entry, known);
    known.turn = 1 - known.turn;
    return known.sets[known.turn]!;
  }

  #newFeeds(fed: readonly [string, HostTensor][]): Feeds {
    const nodes = new Map(fed); // some are named twice
    return Object.fromEntries(
      [...nodes].map(([node, { dtype, shape }]) => [node, this.#session.allocate(dtype, shape)]),
    );
  }
}

/** Names of state in their order, cut into groups that can be fed at once. */
function groupsOf(state: Specs): string[][] {
  const groups: string[][] = [];
  let room = 0;
  for (const [name, spec] of Object.entries(state)) {
    const bytes = 4 * sizeOf(spec.shape);
    if (groups.length === 0 || bytes > room) {
      groups.push([]);
      room = FED_AT_ONCE;
    }
    groups.at(-1)!.push(name);
    room -= bytes;
  }
  return groups;
}

/** Where the numbers of state are, by the names by which a session is read. @throws {Error} if one is of no state */
export function placesOf(state: Specs, names: readonly string[]): Map<string, Place> {
  const places = Object.entries(state).flatMap(([name, { rows }]): [string, Place][] => {
    if (rows === undefined) return [[name, { state: name, row: null }]];
    return rows.map((row, index) => [row, { state: name, row: index }]);
  });
  const all = new Map(places);
  return new Map(
    names.map((name) => {
      const place = all.get(name);
      if (place === undefined) throw new Error(`the program has no state ${name}`);
      return [name, place];
    }),
  );
}

/** What the random numbers of one purpose are drawn from. @param first row of a part */
function fedToDraw(
  entry: string,
  { purpose, part, rowSize }: DrawNames,
  seed: Seed,
  first: number,
): [string, HostTensor][] {
  if (part === 'skip') {
    const { key, counter } = keyAndCounter(seed, first * rowSize);
    return [
      [nodeNames.key(entry, purpose), integers(key, [1, 2])],
      [nodeNames.counter(entry, purpose), integers(counter, [2, 2])],
    ];
  }
  const seeds: [string, HostTensor] = [nodeNames.seed(entry, purpose), integers(seed)];
  return part === 'cut' ? [seeds, [nodeNames.begin(entry), integers([first, 0])]] : [seeds];
}

function integers(values: ArrayLike<number>, shape: readonly number[] = [values.length]): HostTensor<'int32'> {
  return { dtype: 'int32', shape, values: Int32Array.from(values) };
}

/** The numbers of what is fed, if they are what the program was recorded for. */
function fitting(name: string, spec: Specs[string], fed: Fed | undefined): HostTensor {
  if (fed === undefined) throw new Error(`there is no tensor ${name} to feed`);
  if (!fits(spec, fed)) {
    throw new Error(
      `${name} is fed as ${inWords(fed as HostTensor)}, but the program was recorded for ${inWords(spec)}; ` +
        'a graph keeps its shapes: record it again for others',
    );
  }
  return hostOf(fed);
}

function bytesOf({ values }: HostTensor): Buffer {
  return Buffer.from(values.buffer, values.byteOffset, values.byteLength);
}

function fits({ dtype, shape }: TensorSpec, fed: Fed): boolean {
  return fed.dtype === dtype && fed.shape.join() === shape.join();
}

/** Copies the numbers of fetched tensors and lets go of them, one by one. */
function handOver(names: readonly string[], tensors: readonly NativeTensor[]): Record<string, HostTensor> {
  return Object.fromEntries(
    names.map((name, index) => {
      const host = tensors[index]!.read();
      tensors[index]!.dispose();
      return [name, host];
    }),
  );
}
