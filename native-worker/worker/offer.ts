import { cpus, hostname } from 'node:os';
import type { MachineOffer } from '../../contract/machines.ts';
import { chosenRuntime } from '../engine/runtime/choice.ts';
import { readGpus, usedGpu, type UsedGpu } from '../engine/runtime/gpu.ts';
import { trainingMemory } from '../engine/runtime/memory.ts';
import { precisionSupport, readCpuFlags } from '../engine/runtime/precision-support.ts';
import { lockedVersion } from '../engine/runtime/status.ts';

/** What this machine has: its processor, and the cards that a run may name. */
export async function ownOffer(): Promise<Omit<MachineOffer, 'busy'>> {
  const { runtime } = await chosenRuntime();
  const cpuFlags = readCpuFlags();
  const report = runtime === 'cpu' ? null : await readGpus();
  const cards = report === null ? [] : visibleCards(report.gpus.map(({ index }) => usedGpu(report, index)!));
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

/** Those that CUDA_VISIBLE_DEVICES leaves, where it names numbers: a scheduler gives each of its tasks some. */
function visibleCards(cards: UsedGpu[]): UsedGpu[] {
  const visible = process.env.CUDA_VISIBLE_DEVICES;
  if (visible === undefined || !/^\d+(,\d+)*$/.test(visible)) return cards;
  const numbers = visible.split(',').map(Number);
  return cards.filter(({ index }) => numbers.includes(index));
}
