/** What `edm2 doctor` and the Settings page show: each thing that training needs, how it is, and what to do about it. */
import { statfs } from 'node:fs/promises';
import { AppError } from '../../../contract/errors.ts';
import type { Check, DoctorReport, GpuInfo, RuntimeName } from '../../../contract/runtime.ts';
import { installBinding, bindingPlace } from './binding.ts';
import { findCompiler } from './compiler.ts';
import { physicalCores } from './cores.ts';
import { chosenGpu, readGpus, suggestRuntime, type GpuReport } from './gpu.ts';
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
  /** The runtime that jobs use. */
  readonly runtime: RuntimeName;
  readonly threads: number | null;
  /** nvidia-smi's number of the GPU to use; null: the first. */
  readonly gpu?: number | null;
  readonly xla?: boolean;
  readonly cache?: string;
  /** nvidia-smi, or what stands for it in a test. */
  readonly nvidiaSmi?: string;
  readonly variables?: NodeJS.ProcessEnv;
}

/** A library of a few runs takes some gigabytes; below this a training run soon fails. */
const LITTLE_SPACE = 5e9;

/** Looks at everything and computes something. Takes some seconds. Never throws for what it finds. */
export async function runDoctorReport(options: DoctorOptions): Promise<DoctorReport> {
  const report = await readGpus(options.nvidiaSmi);
  const checks: Check[] = [machine(options), processor(), ...gpuChecks(report)];
  const installed = await runtimeCheck(options);
  checks.push(installed, await bindingCheck(options));
  let test: SelfTest | null = null;
  if (installed.status === 'good') {
    const result = await selfTestChecks(options, report);
    checks.push(...result.checks);
    test = result.test;
  }
  checks.push(
    precisionCheck(options, report),
    choiceCheck(options, report),
    ...(await toolChecks(options)),
    await spaceCheck(options),
  );
  return {
    runtime: options.runtime,
    device: deviceInWords(options, report.gpus, test),
    fellBack: report.gpus.length > 0 && test !== null && !test.gpu,
    checks,
    ok: test !== null && checks.every((check) => check.status !== 'bad'),
  };
}

function machine(options: DoctorOptions): Check {
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

function gpuChecks(report: GpuReport): Check[] {
  if (report.gpus.length === 0) {
    const advice = 'Training on the CPU works, but slowly; for an NVIDIA GPU install its driver, 525.60.13 or newer.';
    return [
      { id: 'gpu', status: 'info', title: 'GPU', detail: `None: ${report.reason ?? 'nothing was found'}`, advice },
    ];
  }
  return report.gpus.map((gpu) => ({
    id: `gpu-${gpu.index}`,
    status: 'good',
    title: `GPU ${gpu.index}`,
    detail: [
      gpu.name,
      `driver ${gpu.driver}`,
      gpu.memoryTotal === null ? 'memory unknown' : formatBytes(gpu.memoryTotal),
      ...(gpu.computeCapability === null ? [] : [`compute capability ${gpu.computeCapability}`]),
    ].join(', '),
    advice: null,
  }));
}

/** Whether the runtime is whole: every file is read and compared with the hash noted at its installation. */
async function runtimeCheck(options: DoctorOptions): Promise<Check> {
  const title = 'TensorFlow runtime';
  try {
    const lock = readLock(options.runtime);
    const check = await checkRuntime(runtimeFolder(options.runtime, options.cache), lock, { thorough: true });
    if (check.state === 'ready') {
      return {
        id: 'runtime',
        status: 'good',
        title,
        detail: `"${options.runtime}", TensorFlow ${lock.version}, all files verified`,
        advice: null,
      };
    }
    const bytes = formatBytes(lock.wheels.reduce((sum, wheel) => sum + wheel.bytes, 0));
    const advice = `Run "npm run setup", or choose the runtime in Settings: it is fetched again (${bytes}).`;
    return {
      id: 'runtime',
      status: 'bad',
      title,
      detail: `"${options.runtime}": ${check.problem ?? check.state}`,
      advice,
    };
  } catch (error) {
    return failed('runtime', title, error);
  }
}

async function bindingCheck(options: DoctorOptions): Promise<Check> {
  const title = 'TensorFlow binding';
  try {
    const place = bindingPlace(options.cache ?? cacheFolder(), readLock(options.runtime).version);
    if (await installBinding(place))
      return {
        id: 'binding',
        status: 'good',
        title,
        detail: 'Compiled for this TensorFlow and this Node',
        advice: null,
      };
    return { id: 'binding', status: 'bad', title, detail: 'Not compiled', advice: 'Run "npm run setup".' };
  } catch (error) {
    return failed('binding', title, error);
  }
}

async function selfTestChecks(
  options: DoctorOptions,
  report: GpuReport,
): Promise<{ checks: Check[]; test: SelfTest | null }> {
  const title = 'Self-test';
  let test: SelfTest;
  try {
    test = await selfTest(options);
  } catch (error) {
    return { checks: [failed('self-test', title, error)], test: null };
  }
  const seconds = (test.milliseconds / 1000).toFixed(1);
  const checks: Check[] = [];
  if (test.wrong === null) {
    const detail = `TensorFlow ${test.version} computed a convolution and its gradient correctly on the ${test.gpu ? 'GPU' : 'CPU'} (${seconds} s)`;
    checks.push({ id: 'self-test', status: 'good', title, detail, advice: null });
  } else {
    const advice = 'Do not trust results of this machine: check its memory, its driver and its overclocking.';
    checks.push({
      id: 'self-test',
      status: 'bad',
      title,
      detail: `TensorFlow computes wrongly: ${test.wrong}`,
      advice,
    });
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
  return { checks, test };
}

/** In which precisions runs can train. */
function precisionCheck({ runtime }: DoctorOptions, { gpus }: GpuReport): Check {
  const supports = precisionSupport({ runtime, gpus, cpuFlags: readCpuFlags() });
  const good = supports.filter(({ status }) => status === 'good').map(({ precision }) => precision);
  const others = supports.filter(({ status }) => status !== 'good');
  const words = others.map(({ precision, reason }) => `${precision}: ${reason}`);
  return {
    id: 'precision',
    status: 'info',
    title: 'Precision',
    detail: [good.join(', '), ...words].join('. ').replace(/\.$/, ''),
    advice: null,
  };
}

/** Whether the runtime in use is the one that suits the machine. */
function choiceCheck(options: DoctorOptions, report: GpuReport): Check {
  const suggestion = suggestRuntime(report);
  const fits = suggestion.runtime === options.runtime;
  return {
    id: 'choice',
    status: fits ? 'good' : 'warn',
    title: 'Choice of runtime',
    detail: fits
      ? `"${options.runtime}" suits this machine. ${suggestion.reason}`
      : `"${options.runtime}" is in use. ${suggestion.reason}`,
    advice: fits ? null : `Choose the runtime "${suggestion.runtime}" in Settings.`,
  };
}

/** The programs that fetch and build a runtime; without them what is installed goes on working. */
async function toolChecks(options: DoctorOptions): Promise<Check[]> {
  const python = await findPython(options.variables);
  const compiler = await findCompiler(options.variables);
  const pythonGood = python !== null && python.pip !== null;
  return [
    {
      id: 'python',
      status: pythonGood ? 'good' : 'warn',
      title: 'Python',
      detail:
        python === null
          ? 'Not found'
          : `${python.version}, ${python.pip === null ? 'without pip' : `pip ${python.pip}`}`,
      advice: pythonGood ? null : 'Install Python 3.10 or newer with pip: it fetches TensorFlow.',
    },
    {
      id: 'compiler',
      status: compiler.missing.length === 0 ? 'good' : 'warn',
      title: 'C++ compiler',
      detail: compiler.missing.length === 0 ? compiler.text : `Not found: ${compiler.missing.join(' and ')}`,
      advice:
        compiler.missing.length === 0
          ? null
          : 'Install a C++ compiler and make: they compile the TensorFlow binding once.',
    },
  ];
}

async function spaceCheck(options: DoctorOptions): Promise<Check> {
  const folder = options.cache ?? cacheFolder();
  const disk = await statfs(folder).catch(() => null);
  if (disk === null)
    return { id: 'space', status: 'info', title: 'Cache folder', detail: `${folder} (not made yet)`, advice: null };
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

function deviceInWords(options: DoctorOptions, gpus: readonly GpuInfo[], test: SelfTest | null): string {
  if (test === null) return 'none: TensorFlow does not run';
  if (test.gpu) return chosenGpu(gpus, options.gpu ?? null)?.name ?? 'GPU';
  const threads = options.threads ?? physicalCores();
  return `CPU, ${threads} ${threads === 1 ? 'thread' : 'threads'}`;
}

function failed(id: string, title: string, error: unknown): Check {
  if (!(error instanceof AppError)) throw error;
  return { id, status: 'bad', title, detail: error.message, advice: null };
}
