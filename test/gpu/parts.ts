import { setTimeout as sleep } from 'node:timers/promises';
import { opKinds, opKindWords, Profile } from '../../contract/profile.ts';
import { isFloat32, type Precision, type PrecisionSupport } from '../../contract/precision.ts';
import { DoctorReport } from '../../contract/runtime.ts';
import { choiceInWords, fastestFirst, TuningResult } from '../../contract/tuning.ts';
import { bytes } from '../../contract/units.ts';
import { threeDigits } from '../../native-worker/cli/words.ts';
import { jobEnvironment } from '../../native-worker/engine/runtime/environment.ts';
import type { UsedGpu } from '../../native-worker/engine/runtime/gpu.ts';
import { edm2, lineOf, tell } from './edm2.ts';

/** What is checked. */
export interface Subject {
  readonly library: string;
  /** null: the processor stands for a card. */
  readonly gpu: UsedGpu | null;
  readonly supports: readonly PrecisionSupport[];
  readonly networks: readonly Network[];
}

/** A network whose steps are measured. */
export interface Network {
  readonly name: string;
  /** Options of `edm2 tune` and `edm2 profile`. */
  readonly options: readonly string[];
}

/** A line of the table. */
export interface Row {
  readonly what: string;
  readonly found: string;
  /** null: nothing is asked of it. */
  readonly good: boolean | null;
  /** What the line is made of, for programs. */
  readonly data?: unknown;
}

/** A part of the check; it may take so many seconds. */
export interface Part {
  readonly name: string;
  readonly seconds: number;
  readonly run: (seconds: number) => Promise<readonly Row[]>;
}

/** A small network at a large batch and S as it trains; on a processor smaller ones stand for them. */
export function networksFor(gpu: UsedGpu | null): Network[] {
  if (gpu === null) {
    return [
      { name: 'demo', options: ['--preset', 'demo', '--classes', '9'] },
      { name: 'small, batch 16', options: ['--preset', 'small', '--batch', '16'] },
    ];
  }
  return [
    { name: 'small, batch 128', options: ['--preset', 'small', '--batch', '128'] },
    { name: 'S, 64×64, batch 32', options: ['--preset', 's', '--batch', '32', '--classes', '1000'] },
  ];
}

/** Every part but the official code's, in their order. */
export function partsOf(subject: Subject): Part[] {
  const { library, networks } = subject;
  return [
    { name: 'doctor', seconds: 120, run: (seconds) => doctor(library, seconds) },
    ...referencePrecisions(subject.supports).map((precision) => ({
      name: `reference cases, ${precision}`,
      seconds: 90,
      run: (seconds: number) => reference(subject, precision, seconds),
    })),
    { name: 'a run', seconds: 120, run: (seconds) => pausedRun(library, seconds) },
    ...networks.map((network) => ({
      name: `tune ${network.name}`,
      seconds: 75,
      run: (seconds: number) => tune(library, network, seconds),
    })),
    ...networks.map((network) => ({
      name: `profile of ${network.name}`,
      seconds: 60,
      run: (seconds: number) => profile(library, network, subject, seconds),
    })),
  ];
}

/** Half precision is computed on a processor, too, if it need not be fast; TF32 is not. */
function referencePrecisions(supports: readonly PrecisionSupport[]): Precision[] {
  return supports
    .filter(({ precision, status }) => precision !== 'tf32' || status === 'good')
    .map(({ precision }) => precision);
}

async function doctor(library: string, seconds: number): Promise<Row[]> {
  const line = lineOf(await edm2(library, ['doctor'], seconds), 'doctor');
  const report = Object.fromEntries(Object.entries(line).filter(([name]) => name !== 'type'));
  const { device, ok, fellBack, checks } = DoctorReport.parse(report);
  const told = checks
    .filter(({ status }) => status === 'bad' || status === 'warn')
    .map(({ title, detail }) => `${title}: ${detail}`);
  const found = [device, ...told].join('. ');
  return [{ what: 'the doctor finds nothing wrong', found, good: ok && !fellBack, data: report }];
}

async function reference({ gpu }: Subject, precision: Precision, seconds: number): Promise<Row[]> {
  const runtime = gpu === null ? 'cpu' : 'cuda12';
  const environment = {
    ...process.env,
    NVIDIA_TF32_OVERRIDE: undefined,
    ...jobEnvironment({ runtime, gpu, threads: null, precision }),
  };
  const args = ['--engine', 'graph', '--precision', precision, '--json'];
  const { lines, status, errors } = await tell('native-worker/reference/main.ts', args, seconds, environment);
  const cases = lines.filter((line) => typeof line.name === 'string') as unknown as {
    readonly name: string;
    readonly passed: boolean;
    readonly worst: number | null;
    readonly worstOf: string;
  }[];
  if (cases.length === 0) throw new Error(errors);
  const passed = cases.filter((one) => one.passed).length;
  const worst = cases.reduce((a, b) => ((b.worst ?? Infinity) > (a.worst ?? Infinity) ? b : a));
  const whole = lines.some((line) => 'cases' in line) ? '' : ', the others not for want of time';
  const most = `at most ${threeDigits(worst.worst ?? Infinity)} of a tolerance of float32 (${worst.name}: ${worst.worstOf})`;
  const found = `${passed} of ${cases.length} within float32’s bounds${whole}; ${most}`;
  return [
    { what: `official numbers, ${precision}`, found, good: precision === 'fp32' ? status === 0 : null, data: cases },
  ];
}

/** Images of a run that is paused on its way. */
const RUN_IMAGES = 2048;

/** Trains the demo, pauses it, goes on, and looks whether it came to its end. */
async function pausedRun(library: string, seconds: number): Promise<Row[]> {
  const end = performance.now() + 1000 * seconds;
  const left = (): number => Math.max(1, (end - performance.now()) / 1000);
  const settings = [
    `training.durationImages=${RUN_IMAGES}`,
    `logging.sampleImages=${RUN_IMAGES}`,
    'logging.tickImages=512',
  ];
  const options = settings.flatMap((setting) => ['--set', setting]);
  const started = await edm2(
    library,
    ['train', '--dataset', 'Emoji', '--preset', 'demo', ...options, '--detach'],
    left(),
  );
  const id = String(lineOf(started, 'run').runId);
  const look = async (): Promise<{ state: string; nimg: number }> =>
    lineOf(await edm2(library, ['runs', 'show', id], 30), 'run') as never;
  for (let run = await look(); run.state !== 'running' || run.nimg < RUN_IMAGES / 8; run = await look()) {
    if (run.state === 'failed' || left() <= 1) throw new Error(`it is ${run.state} at ${run.nimg} images`);
    await sleep(500);
  }
  await edm2(library, ['runs', 'pause', id], left());
  let paused = await look();
  for (; paused.state !== 'paused'; paused = await look()) {
    if (paused.state === 'failed' || paused.state === 'finished' || left() <= 1)
      throw new Error(`it is ${paused.state}, not paused`);
    await sleep(500);
  }
  const resumed = await edm2(library, ['runs', 'resume', id], left());
  const ended = lineOf(resumed, 'ended');
  const speeds = resumed.lines.flatMap((line) => (line.type === 'tick' ? [Number(line.imagesPerSecond)] : []));
  const speed = speeds.length === 0 ? '' : `, ${threeDigits(speeds.at(-1)!)} img/s`;
  const found = `paused at ${paused.nimg}, ${String(ended.state)} at ${String(ended.nimg)} images${speed}`;
  return [
    { what: 'the demo, paused and resumed', found, good: ended.state === 'finished' && paused.nimg < RUN_IMAGES },
  ];
}

async function tune(library: string, { name, options }: Network, seconds: number): Promise<Row[]> {
  const limit = Math.max(10, Math.round(seconds - 10));
  const told = await edm2(library, ['tune', ...options, '--seconds', String(limit)], seconds);
  const results = TuningResult.array().parse(lineOf(told, 'tuning').results);
  const rows = fastestFirst(results).map(({ choice, measured }): Row => {
    const { imagesPerSecond, firstStepSeconds, hostBytes, deviceBytes } = measured;
    const memory =
      deviceBytes === null ? bytes(hostBytes) : `${bytes(deviceBytes)} of the card, ${bytes(hostBytes)} of the host`;
    const found = `${threeDigits(imagesPerSecond)} img/s, first step after ${threeDigits(firstStepSeconds)} s, ${memory}`;
    return { what: `${name}: ${choiceInWords(choice)}`, found, good: null, data: { choice, measured } };
  });
  const failed = results.flatMap(({ choice, problem }): Row[] =>
    problem === null ? [] : [{ what: `${name}: ${choiceInWords(choice)}`, found: problem, good: null }],
  );
  return [...rows, ...failed];
}

async function profile(
  library: string,
  { name, options }: Network,
  { supports }: Subject,
  seconds: number,
): Promise<Row[]> {
  const reduced = supports.find(({ precision, status }) => status === 'good' && !isFloat32(precision))?.precision;
  const precision =
    supports.find(({ precision, status }) => precision === 'fp16' && status === 'good')?.precision ?? reduced ?? 'fp32';
  const told = lineOf(await edm2(library, ['profile', ...options, '--precision', precision], seconds), 'profile');
  const found = Profile.pick({ ops: true, untracedMilliseconds: true, kinds: true, peakBytes: true })
    .loose()
    .parse(told);
  const busy = opKinds.reduce((sum, kind) => sum + found.kinds[kind].milliseconds, 0);
  const shares = opKinds
    .map((kind) => ({ kind, share: found.kinds[kind].milliseconds / busy }))
    .filter(({ share }) => share >= 0.01)
    .sort((a, b) => b.share - a.share)
    .map(({ kind, share }) => `${opKindWords[kind]} ${Math.round(100 * share)} %`);
  const step = `${threeDigits(found.untracedMilliseconds)} ms a step, ${found.ops.toLocaleString('en')} ops whose times add up to ${threeDigits(busy)} ms`;
  return [{ what: `${name}, ${precision}: a step`, found: `${step}: ${shares.join(', ')}`, good: null, data: told }];
}
