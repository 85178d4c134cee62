/** What the processor of this machine is, as far as it matters to TensorFlow. */
import { cpus } from 'node:os';
import type { ProcessorInfo } from '../../../contract/runtime.ts';
import { physicalCores } from './cores.ts';
import { machineMemory } from './memory.ts';
import { readCpuFlags } from './precision-support.ts';

/** Instruction sets that oneDNN's kernels are written for, by Linux's name of them; later ones are faster. */
const INSTRUCTIONS = {
  avx2: 'AVX2',
  avx512f: 'AVX-512',
  avx512_vnni: 'AVX512-VNNI',
  avx512_bf16: 'AVX512-BF16',
  amx_bf16: 'AMX-BF16',
} as const;

/** This machine's processor in words: "AMD EPYC, 2 cores, AVX2, AVX-512". */
export function processorInWords(): string {
  const { name, cores, instructions } = readProcessor();
  return [name, cores === 1 ? '1 core' : `${cores} cores`, ...instructions].join(', ');
}

/** @param flags the processor's flags; null: not known */
export function readProcessor(flags: ReadonlySet<string> | null = readCpuFlags()): ProcessorInfo {
  const logical = cpus();
  const known = Object.entries(INSTRUCTIONS);
  return {
    name: logical[0]?.model.trim() ?? 'Processor',
    cores: physicalCores(),
    threads: logical.length,
    instructions: known.filter(([flag]) => flags?.has(flag) === true).map(([, name]) => name),
    memoryBytes: machineMemory(),
  };
}
