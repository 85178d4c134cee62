import type { BenchSubject } from '../../contract/bench.ts';
import { bytes } from '../../contract/units.ts';
import { readMeasured } from '../../native-worker/cli/measured-network.ts';
import { alternate } from '../../native-worker/cli/bench/rounds.ts';
import { spread } from '../../native-worker/cli/bench/report.ts';
import { startWorker } from '../../native-worker/cli/bench/worker.ts';
import { threeDigits } from '../../native-worker/cli/words.ts';
import { physicalCores } from '../../native-worker/engine/runtime/cores.ts';
import { gpuMemoryOf, type UsedGpu } from '../../native-worker/engine/runtime/gpu.ts';
import { ratioOf } from '../bench/peer/comparisons.ts';
import { checkPeer, startPeer, type PeerOptions } from '../bench/peer/torch-process.ts';
import type { Network, Part, Row } from './parts.ts';

/** One way in which the official code trains, beside ours in the same precision. */
interface Way {
  readonly words: string;
  readonly precision: PeerOptions['precision'];
  readonly channelsLast?: boolean;
  readonly compile?: boolean;
  /** How many times as fast ours is to be, at least, for each network in turn; null: nothing is asked. */
  readonly atLeast: readonly (number | null)[];
}

/** On a card: as its presets train first. Numbers are for the small network and for S. */
const onCard: readonly Way[] = [
  { words: 'eager fp16', precision: 'fp16', atLeast: [1.5, 1.2] },
  { words: 'eager fp32', precision: 'fp32', atLeast: [null, null] },
  { words: 'bf16 autocast', precision: 'bf16', atLeast: [null, null] },
  { words: 'channels_last fp16', precision: 'fp16', channelsLast: true, atLeast: [null, null] },
  { words: 'torch.compile fp16', precision: 'fp16', compile: true, atLeast: [1, 1] },
];

/** `npm run bench:peer` asks more of a processor. */
const onProcessor: readonly Way[] = [{ words: 'eager fp32', precision: 'fp32', atLeast: [null, null] }];

/** Seconds that compiling and measuring may take, all together. */
const SECONDS = 900;

/** Rounds, and seconds after which none begins. */
const ROUNDS = { rounds: 5, limitSeconds: 30, warmUps: 3, turnSeconds: 1 };

export interface OfficialOptions {
  /** A checkout of the official code. */
  readonly edm2: string;
  /** The interpreter that has PyTorch. */
  readonly python: string;
  readonly gpu: UsedGpu | null;
  readonly networks: readonly Network[];
}

/** Training steps of the official code in alternation with ours, on the same device. */
export function officialPart({ edm2, python, gpu, networks }: OfficialOptions): Part {
  const run = async (): Promise<Row[]> => {
    const version = checkPeer({ edm2, python });
    const rows: Row[] = [{ what: 'the official code', found: `PyTorch ${version}`, good: null }];
    for (const way of gpu === null ? onProcessor : onCard) {
      for (const [index, network] of networks.entries()) {
        rows.push(await beside(way, network, way.atLeast[index] ?? null, { edm2, python, gpu }));
      }
    }
    return rows;
  };
  return { name: 'the official code', seconds: SECONDS, run };
}

/** A way that fails, as where torch.compile does not compile, is a line of the table and ends nothing. */
async function beside(
  { words, precision, channelsLast = false, compile = false }: Way,
  network: Network,
  atLeast: number | null,
  { edm2, python, gpu }: Omit<OfficialOptions, 'networks'>,
): Promise<Row> {
  const what = `${network.name}: ours ${precision} ÷ official ${words}`;
  try {
    const subject = subjectOf(network, precision);
    const card = gpu?.visible ?? null;
    const theirs = await startPeer({
      edm2,
      python,
      threads: physicalCores(),
      precision,
      compile,
      channelsLast,
      card,
      subject,
    });
    try {
      const ours = await startWorker(subject, null);
      try {
        const entrants = [theirs, ours].map((contender) => ({ contender, task: 'train' as const }));
        const [theirTime, ourTime] = await alternate(entrants, ROUNDS);
        const { ratio, range } = ratioOf(ourTime!, theirTime!);
        const asked = atLeast === null ? '' : `; at least ${atLeast.toFixed(1)} is asked for`;
        const held = (gpu === null ? null : await gpuMemoryOf(ours.pid)) ?? ours.peakBytes;
        const memory = `${bytes(held)} against ${bytes(await theirs.memory())}`;
        const times = `${spread(ourTime!)} against ${spread(theirTime!)}`;
        const found = `${threeDigits(ratio)} (${range.map(threeDigits).join('–')}): ${times}; memory ${memory}${asked}`;
        return {
          what,
          found,
          good: atLeast === null ? null : ratio >= atLeast,
          data: { ratio, ours: ourTime, theirs: theirTime },
        };
      } finally {
        await ours.close();
      }
    } finally {
      await theirs.close();
    }
  } catch (error) {
    return { what, found: error instanceof Error ? error.message : String(error), good: null };
  }
}

function subjectOf({ options }: Network, precision: string): BenchSubject {
  const option = (name: string): string | undefined => {
    const at = options.indexOf(`--${name}`);
    return at === -1 ? undefined : options[at + 1];
  };
  const [preset, batch, classes] = [option('preset')!, option('batch'), option('classes') ?? '10'];
  return readMeasured({ preset, classes, channels: '3', set: [], precision, ...(batch === undefined ? {} : { batch }) })
    .subject;
}
