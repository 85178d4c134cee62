/** What `edm2 doctor` and the Settings page show: each thing that training needs, how it is, and what to do about it. */
import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { reasonOf } from '../../../contract/system-errors.ts';
import type { Check, DoctorReport, GpuInfo, RuntimeName } from '../../../contract/runtime.ts';
import { installBinding, bindingPlace } from './binding.ts';
import { findCompiler } from './compiler.ts';
import { codeFor, readDeviceCode, type DeviceCode } from './device-code.ts';
import { physicalCores } from './cores.ts';
import { libraryFolders } from './environment.ts';
import { NCCL } from './gpu-libraries.ts';
import { readGpus, suggestRuntime, usedGpu, type GpuReport, type Suggestion, type UsedGpu } from './gpu.ts';
import { readLock } from './lock.ts';
import { checkRuntime } from './manifest.ts';
import { machineMemory } from './memory.ts';
import { cacheFolder, runtimeFolder } from './places.ts';
import { readProcessor } from './processor.ts';
import { precisionSupport, readCpuFlags } from './precision-support.ts';
import { formatBytes } from './progress.ts';
import { findPython } from './python.ts';
import { selfTest, type SelfTest } from './self-test.ts';

export interface DoctorOptions {
  /** Says which runtime jobs use; what it throws is one of the findings. */
  readonly runtime: () => Promise<RuntimeName>;
  readonly threads: number | null;
  /** nvidia-smi's number of the GPU that the user chose; null: none. */
  readonly gpu?: number | null;
  readonly cache?: string;
  /** nvidia-smi, or what stands for it in a test. */
  readonly nvidiaSmi?: string;
  readonly variables?: NodeJS.ProcessEnv;
}

/** What is looked at, once it is known what jobs compute with. */
interface Subject extends Omit<DoctorOptions, 'runtime'> {
  readonly runtime: RuntimeName;
  readonly report: GpuReport;
  /** The GPU that jobs compute on; null: none, or none that is known. */
  readonly card: UsedGpu | null;
}

/** A library of a few runs takes some gigabytes; below this a training run soon fails. */
const LITTLE_SPACE = 5e9;

/** Looks at everything and computes something. Takes some seconds. Never throws: what fails is a finding. */
export async function runDoctorReport(options: DoctorOptions): Promise<DoctorReport> {
  const report = await readGpus(options.nvidiaSmi);
  const suggestion = suggestRuntime(report);
  let runtime = suggestion.runtime;
  const choice = await looked('choice', 'Choice of runtime', async () => {
    runtime = await options.runtime();
    return [choiceCheck(runtime, suggestion)];
  });
  const card = runtime === 'cpu' ? null : usedGpu(report, options.gpu ?? null, options.variables);
  const subject: Subject = { ...options, runtime, report, card };
  const installed = await looked('runtime', 'TensorFlow runtime', () => runtimeCheck(subject));
  const binding = await looked('binding', 'TensorFlow binding', () => bindingCheck(subject));
  const tests: SelfTest[] = [];
  const selfTested = await looked('self-test', 'Self-test', async () => {
    if (!installed.every(({ status }) => status === 'good')) return [];
    const result = await selfTest({ ...subject, gpu: card });
    tests.push(result);
    return selfTestChecks(result, report);
  });
  const test = tests[0] ?? null; // null: it was not made, or threw
  const checks = [
    ...(await looked('machine', 'Machine', () => [machine(subject)])),
    ...(await looked('processor', 'Processor', () => [processor()])),
    ...(await looked('gpu', 'GPU', () => gpuChecks(subject, test))),
    ...installed,
    ...binding,
    ...selfTested,
    ...(await looked('sums', 'Several cards', () => sumsChecks(subject))),
    ...(await looked('precision', 'Precision', () => [precisionCheck(subject)])),
    ...choice,
    ...(await looked('python', 'Python', async () => [await pythonCheck(subject)])),
    ...(await looked('compiler', 'C++ compiler', async () => [await compilerCheck(subject)])),
    ...(await looked('space', 'Cache folder', async () => [await spaceCheck(subject)])),
  ];
  return {
    runtime,
    device: deviceInWords(subject, test),
    fellBack: report.gpus.length > 0 && test !== null && !test.gpu,
    checks,
    ok: test !== null && checks.every((check) => check.status !== 'bad'),
  };
}

/** The findings of one look. One that throws found that, and the others are looked at all the same. */
async function looked(
  id: string,
  title: string,
  look: () => readonly Check[] | Promise<readonly Check[]>,
): Promise<readonly Check[]> {
  try {
    return await look();
  } catch (error) {
    return [{ id, status: 'bad', title, detail: reasonOf(error), advice: null }];
  }
}

function machine(options: Subject): Check {
  const used = options.threads ?? physicalCores();
  const detail = `${process.platform}-${process.arch}, ${formatBytes(machineMemory())} memory, Node ${process.versions.node}, ${used} ${used === 1 ? 'thread' : 'threads'} for jobs`;
  return { id: 'machine', status: 'info', title: 'Machine', detail, advice: null };
}

function processor(): Check {
  const { name, cores, threads, instructions } = readProcessor();
  const sets = instructions.length > 0 ? `, ${instructions.join(', ')}` : '';
  const detail = `${name}: ${cores} ${cores === 1 ? 'core' : 'cores'}, ${threads} ${threads === 1 ? 'thread' : 'threads'}${sets}`;
  return { id: 'processor', status: 'info', title: 'Processor', detail, advice: null };
}

function gpuChecks({ report, card }: Subject, test: SelfTest | null): Check[] {
  if (report.gpus.length === 0) {
    const advice = 'Training on the CPU works, but slowly; for an NVIDIA GPU install its driver, 525.60.13 or newer.';
    return [
      { id: 'gpu', status: 'info', title: 'GPU', detail: `None: ${report.reason ?? 'nothing was found'}`, advice },
    ];
  }
  const code = readDeviceCode();
  return report.gpus.map((gpu) => {
    const used = gpu.index === card?.index ? card : gpu; // jobs may use a part of it
    const detail = [
      used.name,
      `driver ${gpu.driver}`,
      used.memoryTotal === null ? 'memory unknown' : formatBytes(used.memoryTotal),
      ...(gpu.computeCapability === null ? [] : [`compute capability ${gpu.computeCapability}`]),
    ].join(', ');
    const seconds = gpu.index === card?.index && test?.gpu === true ? test.milliseconds / 1000 : null;
    return { id: `gpu-${gpu.index}`, title: `GPU ${gpu.index}`, detail, ...codeFinding(gpu, code, seconds) };
  });
}

/** Whether TensorFlow has code for a card. @param seconds that the self-test took on it; null: it was not made there */
function codeFinding(
  { computeCapability }: GpuInfo,
  code: DeviceCode,
  seconds: number | null,
): Pick<Check, 'status' | 'advice'> {
  const found = computeCapability === null ? 'compiled' : codeFor(computeCapability, code);
  if (found === 'compiled') return { status: 'good', advice: null };
  const version = `TensorFlow ${code.tensorflow}`;
  if (found === 'none') {
    const advice = `${version} has no code for this card: it takes compute capability ${code.machineCode[0]!} or newer. Use another card, or the runtime "cpu".`;
    return { status: 'bad', advice };
  }
  const took = seconds === null ? '' : ` The self-test took ${seconds.toFixed(1)} s here.`;
  const advice = `${version} has no kernels compiled for this card: its driver compiles each at the first use, which takes minutes once.${took} This program was not tried on such a card.`;
  return { status: 'warn', advice };
}

/** Whether the runtime is whole: every file is read and compared with the hash noted at its installation. */
async function runtimeCheck({ runtime, cache }: Subject): Promise<Check[]> {
  const found = { id: 'runtime', title: 'TensorFlow runtime' };
  const lock = readLock(runtime);
  const { state, problem } = await checkRuntime(runtimeFolder(runtime, cache), lock, { thorough: true });
  if (state === 'ready') {
    const detail = `"${runtime}", TensorFlow ${lock.version}, all files verified`;
    return [{ ...found, status: 'good', detail, advice: null }];
  }
  const bytes = formatBytes(lock.wheels.reduce((sum, wheel) => sum + wheel.bytes, 0));
  const advice = `Run "npm run setup", or choose the runtime in Settings: it is fetched again (${bytes}).`;
  return [{ ...found, status: 'bad', detail: `"${runtime}": ${problem ?? state}`, advice }];
}

async function bindingCheck({ runtime, cache }: Subject): Promise<Check[]> {
  const found = { id: 'binding', title: 'TensorFlow binding' };
  const place = bindingPlace(cache ?? cacheFolder(), readLock(runtime).version);
  if (await installBinding(place)) {
    return [{ ...found, status: 'good', detail: 'Compiled for this TensorFlow and this Node', advice: null }];
  }
  return [{ ...found, status: 'bad', detail: 'Not compiled', advice: 'Run "npm run setup".' }];
}

function selfTestChecks(test: SelfTest, report: GpuReport): Check[] {
  const title = 'Self-test';
  const seconds = (test.milliseconds / 1000).toFixed(1);
  const checks: Check[] = [];
  if (test.wrong === null) {
    const detail = `TensorFlow ${test.version} computed a convolution and its gradient correctly on the ${test.gpu ? 'GPU' : 'CPU'} (${seconds} s)`;
    checks.push({ id: 'self-test', status: 'good', title, detail, advice: null });
  } else {
    const advice = 'Do not trust results of this machine: check its memory, its driver and its overclocking.';
    const detail = `TensorFlow computes wrongly: ${test.wrong}`;
    checks.push({ id: 'self-test', status: 'bad', title, detail, advice });
  }
  if (test.fellBack) {
    checks.push({
      id: 'fell-back',
      status: report.gpus.length > 0 ? 'bad' : 'warn',
      title: 'GPU use',
      detail: 'TensorFlow fell back to the CPU',
      advice: test.reason,
    });
  }
  return checks;
}

/** How cards that share a batch add up, where there are several. */
function sumsChecks({ runtime, report, cache }: Subject): Check[] {
  const whole = report.gpus.filter(({ index }) => !report.parts.some(({ gpu }) => gpu === index));
  if (runtime === 'cpu' || whole.length < 2) return [];
  const found = { id: 'sums', title: 'Several cards' };
  const cards = `${whole.length} cards`;
  if (libraryFolders(runtimeFolder(runtime, cache)).some((folder) => existsSync(join(folder, NCCL)))) {
    return [{ ...found, status: 'good', detail: `${cards} can share a batch and add up by NCCL`, advice: null }];
  }
  const detail = `${cards} can share a batch, but NCCL (${NCCL}) is not in the runtime "${runtime}"`;
  const advice = 'They add up by way of TensorFlow’s own ring, more slowly. Run "npm run setup" to fetch the runtime again.';
  return [{ ...found, status: 'warn', detail, advice }];
}

/** In which precisions runs can train, on the device that they train on. */
function precisionCheck({ runtime, card }: Subject): Check {
  const supports = precisionSupport({ runtime, gpu: card, cpuFlags: readCpuFlags() });
  const good = supports.filter(({ status }) => status === 'good').map(({ precision }) => precision);
  const others = supports.filter(({ status }) => status !== 'good');
  const sentences = [good.join(', '), ...others.map(({ precision, reason }) => `${precision}: ${reason}`)];
  return {
    id: 'precision',
    status: 'info',
    title: 'Precision',
    detail: sentences.map((sentence) => sentence.replace(/\.$/, '')).join('. '),
    advice: null,
  };
}

/** Whether the runtime in use is the one that suits the machine. */
function choiceCheck(runtime: RuntimeName, suggestion: Suggestion): Check {
  const fits = suggestion.runtime === runtime;
  return {
    id: 'choice',
    status: fits ? 'good' : 'warn',
    title: 'Choice of runtime',
    detail: fits
      ? `"${runtime}" suits this machine. ${suggestion.reason}`
      : `"${runtime}" is in use. ${suggestion.reason}`,
    advice: fits ? null : `Choose the runtime "${suggestion.runtime}" in Settings.`,
  };
}

/** pip fetches a runtime; without it what is installed goes on working. */
async function pythonCheck({ variables }: Subject): Promise<Check> {
  const python = await findPython(variables);
  const good = python !== null && python.pip !== null;
  return {
    id: 'python',
    status: good ? 'good' : 'warn',
    title: 'Python',
    detail:
      python === null ? 'Not found' : `${python.version}, ${python.pip === null ? 'without pip' : `pip ${python.pip}`}`,
    advice: good ? null : 'Install Python 3.10 or newer with pip: it fetches TensorFlow.',
  };
}

/** It builds the binding once; without it what is installed goes on working. */
async function compilerCheck({ variables }: Subject): Promise<Check> {
  const { text } = await findCompiler(variables);
  return {
    id: 'compiler',
    status: text !== null ? 'good' : 'warn',
    title: 'C++ compiler',
    detail: text ?? 'Not found',
    advice: text !== null ? null : 'Install a C++ compiler: it compiles the TensorFlow binding once.',
  };
}

async function spaceCheck(options: Subject): Promise<Check> {
  const folder = options.cache ?? cacheFolder();
  const disk = await statfs(folder).catch(() => null);
  if (disk === null) {
    const found = { id: 'space', title: 'Cache folder' };
    if (canMake(folder)) return { ...found, status: 'info', detail: `${folder} (not made yet)`, advice: null };
    const advice = 'Set EDM2_CACHE to a folder that you may write to.';
    return { ...found, status: 'bad', detail: `${folder} can't be made`, advice };
  }
  const free = disk.bavail * disk.bsize;
  const little = free < LITTLE_SPACE;
  return {
    id: 'space',
    status: little ? 'warn' : 'good',
    title: 'Cache folder',
    detail: `${folder}, ${formatBytes(free)} free`,
    advice: little ? 'Make room on this disk, or set EDM2_CACHE to a folder on another one.' : null,
  };
}

/** Whether the nearest folder above one that is not there lets it be made. */
function canMake(folder: string): boolean {
  for (let above = dirname(folder); ; above = dirname(above)) {
    if (!existsSync(above)) continue;
    try {
      accessSync(above, constants.W_OK | constants.X_OK);
      return statSync(above).isDirectory();
    } catch {
      return false;
    }
  }
}

function deviceInWords({ threads, card }: Subject, test: SelfTest | null): string {
  if (test === null) return 'none: TensorFlow does not run';
  if (test.gpu) return card?.name ?? 'GPU';
  const used = threads ?? physicalCores();
  return `CPU, ${used} ${used === 1 ? 'thread' : 'threads'}`;
}
