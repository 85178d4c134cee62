import type { AppInfo } from '../../../contract/app.ts';
import type { Dataset } from '../../../contract/datasets.ts';
import type { Job } from '../../../contract/jobs.ts';
import { findPreset } from '../../../contract/presets.ts';
import type { Run, RunSummary, Snapshot } from '../../../contract/runs.ts';
import type { Sample } from '../../../contract/samples.ts';

/** Records as the service would send them; a test changes what it is about. */

export function exampleDataset(part: Partial<Dataset> = {}): Dataset {
  return {
    id: 1,
    name: 'Twemoji',
    source: 'Ships with EDM2 Studio',
    attribution: 'Twemoji, CC BY 4.0',
    resolution: 32,
    channels: 3,
    classes: ['Faces', 'Flags'],
    classCounts: [30, 10],
    count: 40,
    pixelStd: 0.52,
    sizeBytes: 122_880,
    sha256: '0'.repeat(64),
    createdAt: 1_700_000_000_000,
    problemCount: 0,
    ...part,
  };
}

export function exampleRunSummary(part: Partial<RunSummary> = {}): RunSummary {
  return {
    id: 7,
    name: 'Twemoji demo',
    notes: '',
    tags: [],
    state: 'finished',
    error: null,
    datasetId: 1,
    datasetName: 'Twemoji',
    preset: 'demo',
    parameters: 1_250_000,
    nimg: 35_008,
    durationImages: 35_008,
    lastLoss: 0.2,
    lastError: 0.5,
    validationError: null,
    imagesPerSecond: 25,
    trainSeconds: 1400,
    memoryBytes: 750e6,
    sampleImages: 0,
    gridSeconds: null,
    lastSampleId: null,
    devices: null,
    createdAt: 1_700_000_000_000,
    startedAt: 1_700_000_001_000,
    endedAt: 1_700_000_600_000,
    trashedAt: null,
    ...part,
  };
}

export function exampleRun(part: Partial<Run> = {}): Run {
  return {
    ...exampleRunSummary(),
    config: findPreset('demo')!.config,
    shape: { resolution: 32, channels: 3, labelDim: 2 },
    microBatch: null,
    across: null,
    device: 'CPU, 2 threads',
    resumes: [],
    ...part,
  };
}

export function exampleSnapshot(part: Partial<Snapshot> = {}): Snapshot {
  return {
    id: 100,
    runId: 7,
    nimg: 35_008,
    sigmaRel: 0.1,
    sizeBytes: 5_000_000,
    sha256: '0'.repeat(64),
    createdAt: 1_700_000_600_000,
    ...part,
  };
}

export function exampleSample(part: Partial<Sample> = {}): Sample {
  return {
    id: 50,
    runId: 7,
    origin: 'generate',
    nimg: 35_008,
    sigmaRel: 0.1,
    snapshotId: 100,
    model: { kind: 'snapshot', snapshotId: 100 },
    seeds: [0, 1, 0, 1],
    labels: [0, 0, 1, 1],
    columns: 2,
    resolution: 32,
    sampler: { steps: 18, sigmaMin: 0.002, sigmaMax: 80, rho: 7 },
    guidance: null,
    precision: 'fp32',
    seconds: 3.2,
    createdAt: 1_700_000_700_000,
    ...part,
  };
}

export function exampleJob(part: Partial<Job> = {}): Job {
  return {
    id: 30,
    kind: 'import',
    state: 'running',
    title: 'emoji',
    runId: null,
    sampleId: null,
    datasetId: null,
    progress: { done: 120, total: 480, unit: 'pictures', text: 'Reading pictures' },
    error: null,
    errorCode: null,
    createdAt: 1_700_000_000_000,
    startedAt: 1_700_000_000_000,
    endedAt: null,
    ...part,
  };
}

export function exampleInfo(part: Partial<AppInfo> = {}): AppInfo {
  return {
    version: '0.1.0',
    libraryPath: '/home/someone/library',
    librarySizeBytes: 1e9,
    diskFreeBytes: 100e9,
    node: '24.21.0',
    sqlite: '3.54.1',
    runtime: 'cpu',
    gpu: null,
    tensorflow: '2.21.0',
    platform: 'Linux x64',
    cores: 8,
    memoryBytes: 16e9,
    trainingMemory: { device: 'this machine', bytes: 16e9, freeBytes: null },
    ...part,
  };
}
