import { cpus, hostname } from 'node:os';
import type { MachineOffer } from '../../contract/machines.ts';
import { chosenRuntime } from '../engine/runtime/choice.ts';
import { readGpus, usedGpu, type GpuReport, type UsedGpu } from '../engine/runtime/gpu.ts';
import { trainingMemory } from '../engine/runtime/memory.ts';
import { precisionSupport, readCpuFlags } from '../engine/runtime/precision-support.ts';
import { lockedVersion } from '../engine/runtime/status.ts';

/** What this machine has: its processor, and the cards that a run may name. */
export async function ownOffer(): Promise<Omit<MachineOffer, 'busy'>> {
  const { runtime } = await chosenRuntime();
  const cpuFlags = readCpuFlags();
  const report = runtime === 'cpu' ? null : await readGpus();
  const cards = report === null ? [] : visibleCards(report);
  const processor = trainingMemory('cpu', null);
  const words = `${cpus()[0]?.model.trim() ?? 'processor'}, ${cpus().length} threads`;
  return {
    hostname: hostname(),
    tensorflow: lockedVersion(runtime) ?? 'none',
    devices: [
      ...cards.map((gpu) => {
        const { device, bytes, freeBytes } = trainingMemory(runtime, gpu);
        const precisions = precisionSupport({ runtime, gpu, cpuFlags });
        return { device: `gpu:${gpu.index}`, name: device, bytes, freeBytes, precisions };
      }),
      {
        device: 'cpu:0',
        name: words,
        bytes: processor.bytes,
        freeBytes: processor.freeBytes,
        precisions: precisionSupport({ runtime: 'cpu', gpu: null, cpuFlags }),
      },
    ],
  };
}

/** Those that CUDA_VISIBLE_DEVICES leaves, by number or by the beginning of a UUID: a scheduler gives each of its tasks some. */
function visibleCards(report: GpuReport): UsedGpu[] {
  const all = report.gpus.map(({ index }) => index);
  const visible = process.env.CUDA_VISIBLE_DEVICES;
  const numbers = visible === undefined ? all : visible.split(',').map((entry) => numberOf(entry.trim(), report));
  return all.filter((index) => numbers.includes(index)).map((index) => usedGpu(report, index)!);
}

function numberOf(entry: string, { byUuid }: GpuReport): number | null {
  if (/^\d+$/.test(entry)) return Number(entry);
  const meant = entry === '' ? [] : [...byUuid].filter(([uuid]) => uuid.startsWith(entry));
  return meant.length === 1 ? meant[0]![1] : null;
}
