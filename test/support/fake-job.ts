/**
 * Stands in for native-worker/jobs/main.ts: started the same way, it does what the title of its job says. It speaks to
 * the real queue over the real channel, and dies the real death.
 */
import { parseArgs } from 'node:util';
import { existsSync, writeFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { openLibrary } from '../../native-worker/store/library.ts';
import { getJob, getJobParameters } from '../../native-worker/store/jobs.ts';
import { insertCheckpoint } from '../../native-worker/store/checkpoints.ts';
import { patiently } from '../../native-worker/store/patience.ts';
import { checkpointPath, insideLibrary, jobFolder, runFolder } from '../../native-worker/store/paths.ts';
import { insertProfile } from '../../native-worker/store/profiles.ts';
import { insertSample } from '../../native-worker/store/samples.ts';
import { insertTick } from '../../native-worker/store/ticks.ts';
import { insertTuning, setTuningResults } from '../../native-worker/store/tunings.ts';
import { measuredOn } from '../../native-worker/engine/runtime/measured-on.ts';
import type { TuningSubject } from '../../contract/tuning.ts';
import { tickColumns } from '../../contract/ticks.ts';
import { exampleProfile } from './profiles.ts';
import { exampleTick } from './ticks.ts';

const { values } = parseArgs({
  options: { library: { type: 'string' }, job: { type: 'string' }, identity: { type: 'string' } },
});
const library = await patiently(() => openLibrary(values.library!));
const id = Number(values.job);
const { title, runId } = getJob(library.db, id);
const parameters = getJobParameters(library.db, id);
const orders = title.split(/[ ,:]/)[0]!;

function send(message: object): Promise<void> {
  return new Promise((resolve) => {
    if (!process.connected) return resolve();
    process.send!(message, undefined, undefined, () => resolve());
  });
}

async function end(outcome: object): Promise<never> {
  await send({ type: 'ended', outcome });
  process.exit(0);
}

async function checkpoint(nimg: number): Promise<void> {
  if (runId === null) return;
  const file = checkpointPath(runId, nimg);
  mkdirSync(join(insideLibrary(library.folder, runFolder(runId)), 'checkpoints'), { recursive: true });
  writeFileSync(insideLibrary(library.folder, file), 'state');
  await patiently(() => insertCheckpoint(library.db, { runId, nimg, file, sizeBytes: 5, sha256: '' }));
}

async function tick(nimg: number): Promise<void> {
  if (runId === null) return;
  const written = exampleTick(nimg);
  await patiently(() => insertTick(library.db, runId, written));
  await send({ type: 'ticked', ticks: tickColumns([written]) });
}

/** Measures a step, as far as anybody can see. */
async function profiled(): Promise<void> {
  const work = parameters.kind === 'profile' ? parameters.work : 'training';
  const measured = { runId: runId!, nimg: 16, profile: exampleProfile({ work }), trace: '{"traceEvents":[]}' };
  const profileId = await patiently(() => insertProfile(library.db, measured));
  await send({ type: 'profiled', profileId });
}

/** Measures one way to train, as far as anybody can see. */
async function tuned(subject: TuningSubject): Promise<void> {
  const { batchSize, precision } = subject.config.training;
  const measured = { imagesPerSecond: 12.5, firstStepSeconds: 3, hostBytes: 1e9, deviceBytes: null };
  const result = {
    choice: { precision, microBatch: batchSize, threads: 2, compile: 'none' as const, deterministic: false },
    measured,
    problem: null,
  };
  const tuningId = insertTuning(library.db, measuredOn('cpu', null), subject);
  setTuningResults(library.db, tuningId, [result], true);
  await send({ type: 'tuned', tuningId });
}

let asked: string | null = null;
process.on('message', ({ type }: { type: string }) => {
  if (type === 'profile') void profiled();
  else asked ??= type;
});
process.on('disconnect', () => (asked ??= 'pause'));

async function untilAsked(): Promise<void> {
  while (asked === null) await new Promise((resolve) => setTimeout(resolve, 20));
}

/** Works until somebody asks otherwise. */
async function workUntilAsked(): Promise<never> {
  await send({ type: 'stepping' });
  for (let nimg = 16; asked === null; nimg += 16) {
    await send({ type: 'progress', progress: { done: nimg, total: 1e6, unit: 'images', text: 'Training' } });
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await checkpoint(320);
  await end({ kind: asked === 'pause' ? 'paused' : asked === 'stop' ? 'stopped' : 'cancelled' });
  throw new Error('not reached');
}

await send({ type: 'device', device: 'A test', fellBack: false });
if (parameters.kind === 'tune') {
  if (parameters.seconds > 300) await workUntilAsked(); // a long one is under way when the test needs it
  await tuned(parameters.subject);
  await end({ kind: 'tuned' });
}
switch (orders) {
  case 'finish':
    await tick(16);
    await end({ kind: 'finished' });
    break;
  case 'work':
    await workUntilAsked();
    break;
  case 'grid': {
    await send({ type: 'stepping' });
    await send({ type: 'progress', progress: { done: 1, total: 3, unit: 'steps', text: 'Drawing 6 pictures' } });
    await send({ type: 'progress', progress: null });
    await tick(16);
    await untilAsked();
    await checkpoint(16);
    await end({ kind: 'paused' });
    break;
  }
  case 'slow-to-end':
  case 'hears-before-its-first-step':
    if (orders === 'slow-to-end') await send({ type: 'stepping' });
    await send({ type: 'progress', progress: { done: 1, total: 1e6, unit: 'images', text: 'Training' } });
    await untilAsked();
    await send({ type: 'stepping' });
    // Real time is the matter: longer than a job may take over its first step in the tests that start this one.
    await new Promise((resolve) => setTimeout(resolve, orders === 'slow-to-end' ? 400 : 3500));
    await checkpoint(320);
    await end({ kind: 'paused' });
    break;
  case 'deaf':
    await send({ type: 'progress', progress: { done: 0, total: 1, unit: 'x', text: 'Deaf' } });
    setInterval(() => undefined, 1000);
    break;
  case 'fail':
    await end({ kind: 'failed', code: 'not-finite', message: 'The loss became NaN at 16 images.' });
    break;
  case 'fail-when-told':
    await send({ type: 'stepping' });
    await send({ type: 'progress', progress: { done: 1, total: 2, unit: 'images', text: 'Training' } });
    while (!existsSync(join(library.folder, 'fail-now'))) await new Promise((resolve) => setTimeout(resolve, 20));
    await end({ kind: 'failed', code: 'not-finite', message: 'The loss became NaN at 16 images.' });
    break;
  case 'crash':
    process.stderr.write('first line\nTensorFlow says farewell\n');
    process.exit(3);
    break;
  case 'abort':
    process.abort();
    break;
  case 'bad-alloc':
    process.stderr.write("terminate called after throwing an instance of 'std::bad_alloc'\n");
    process.kill(process.pid, 'SIGABRT');
    break;
  case 'killed':
    await checkpoint(160);
    process.kill(process.pid, 'SIGKILL');
    break;
  case 'chatty':
    await send({ type: 'nonsense', x: 1 });
    await send({ type: 'ticked', ticks: 'none' });
    for (let i = 0; i < 700; i++) process.stdout.write(`${'x'.repeat(9999)}\n`);
    await end({ kind: 'finished' });
    break;
  case 'lingers':
    await send({ type: 'ended', outcome: { kind: 'finished' } });
    setInterval(() => undefined, 1000);
    break;
  case 'draw': {
    const sampler = { steps: 2, sigmaMin: 0.002, sigmaMax: 80, rho: 7 };
    const facts = {
      nimg: 16,
      sigmaRel: 0.1,
      snapshotId: null,
      model: null,
      seeds: [1],
      labels: [null],
      columns: 1,
      resolution: 16,
      sampler,
      guidance: null,
      precision: 'fp32' as const,
    };
    const file = `${runFolder(runId!)}/samples/x.png`;
    const sampleId = await patiently(() =>
      insertSample(library.db, { runId: runId!, origin: 'generate', ...facts, file, seconds: 1 }),
    );
    await end({ kind: 'sampled', sampleId });
    break;
  }
  case 'measured':
    if (parameters.kind === 'profile') {
      await profiled();
      await end({ kind: 'profiled' });
    }
    await end({ kind: 'finished' });
    break;
  case 'litter':
    mkdirSync(insideLibrary(library.folder, jobFolder(id)), { recursive: true });
    writeFileSync(join(insideLibrary(library.folder, jobFolder(id)), '0.safetensors'), 'half');
    await workUntilAsked();
    break;
  case 'escapes':
    await end({ kind: 'imported', file: 'library.sqlite', problems: [] });
    break;
  case 'nothing':
    await end({ kind: 'imported', file: `${jobFolder(id)}/pictures.safetensors`, problems: [] });
    break;
  case 'environment':
    for (const [name, value] of Object.entries(process.env)) process.stderr.write(`${name}=${value}\n`);
    process.exit(1);
    break;
  default:
    throw new Error(`no orders in "${title}" (${parameters.kind})`);
}
