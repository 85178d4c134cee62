/**
 * What a TensorFlow library for cards holds: for which compute capabilities it has code, and which ops have a kernel for
 * which types. It says so itself, on any machine, with or without a card.
 */
import { openSync, readSync, closeSync } from 'node:fs';
import { join } from 'node:path';
import { fromBinary } from '@bufbuild/protobuf';
import koffi from 'koffi';
import { DataType, KernelListSchema } from '../../native-worker/engine/proto/tensorflow_pb.js';

/** Begins a container of code for cards in the section .nv_fatbin, and what its entries are. */
const FATBIN = 0xba55ed50;
const PORTABLE = 1;
const MACHINE_CODE = 2;

/**
 * Compute capabilities for which a library's kernels were compiled: machine code runs on cards of the same major and an
 * equal or higher minor number, portable code (PTX) is compiled by the driver on any later card. Counted are those that
 * most containers hold; a few kernels are there for others, too.
 */
export function compiledFor(path) {
  const file = openSync(path, 'r');
  try {
    const { offset, size } = section(file, '.nv_fatbin');
    const counts = { [PORTABLE]: new Map(), [MACHINE_CODE]: new Map() };
    let containers = 0;
    let at = offset;
    while (at < offset + size) {
      const head = bytes(file, at, 16);
      if (head.readUInt32LE(0) !== FATBIN) {
        at += 8;
        continue;
      }
      containers += 1;
      const end = at + head.readUInt16LE(6) + Number(head.readBigUInt64LE(8));
      let entry = at + head.readUInt16LE(6);
      while (entry < end) {
        const { kind, architecture, next } = readEntry(bytes(file, entry, 32), entry);
        counts[kind]?.set(architecture, (counts[kind].get(architecture) ?? 0) + 1);
        entry = next;
      }
      at = Math.ceil(end / 8) * 8;
    }
    const usual = (kind) =>
      [...counts[kind]]
        .filter(([, count]) => count > containers / 2)
        .map(([architecture]) => architecture)
        .sort((a, b) => a - b)
        .map((architecture) => `${Math.floor(architecture / 10)}.${architecture % 10}`);
    return { machineCode: usual(MACHINE_CODE), portable: usual(PORTABLE) };
  } finally {
    closeSync(file);
  }
}

function readEntry(head, at) {
  const headBytes = head.readUInt32LE(4);
  return {
    kind: head.readUInt16LE(0),
    architecture: head.readUInt32LE(28),
    next: at + headBytes + Number(head.readBigUInt64LE(8)),
  };
}

/** Where a section of an ELF file of 64 bits lies. */
function section(file, name) {
  const head = bytes(file, 0, 64);
  const table = Number(head.readBigUInt64LE(0x28));
  const [entryBytes, count, namesIndex] = [0x3a, 0x3c, 0x3e].map((at) => head.readUInt16LE(at));
  const sections = Array.from({ length: count }, (_, index) => {
    const entry = bytes(file, table + index * entryBytes, entryBytes);
    const [offset, size] = [24, 32].map((at) => Number(entry.readBigUInt64LE(at)));
    return { name: entry.readUInt32LE(0), offset, size };
  });
  const names = bytes(file, sections[namesIndex].offset, sections[namesIndex].size);
  const found = sections.find((one) => names.toString('latin1', one.name, names.indexOf(0, one.name)) === name);
  if (found === undefined) throw new Error(`there is no section ${name}: is this the library for cards?`);
  return found;
}

function bytes(file, position, length) {
  const buffer = Buffer.alloc(length);
  readSync(file, buffer, 0, length, position);
  return buffer;
}

/**
 * The ops that have a kernel for cards, by name; each kernel as the types that its attributes may have ("T": ["FLOAT"]),
 * an attribute without a constraint being left out. This process must not have loaded another TensorFlow.
 *
 * @param folder of libtensorflow_cc.so.2 and libtensorflow_framework.so.2
 */
export function kernelsFor(folder) {
  koffi.load(join(folder, 'libtensorflow_framework.so.2'), { global: true });
  const library = koffi.load(join(folder, 'libtensorflow_cc.so.2'), { global: true });
  koffi.struct('KernelBytes', { data: 'void *', length: 'size_t', deallocate: 'void *' });
  const status = library.func('void *TF_NewStatus()')();
  const buffer = library.func('void *TF_GetAllRegisteredKernels(void *status)')(status);
  const { data, length } = library.func('KernelBytes TF_GetBuffer(void *buffer)')(buffer);
  const list = fromBinary(KernelListSchema, koffi.decode(data, koffi.array('uint8_t', Number(length), 'Typed')));
  const kernels = new Map();
  for (const { op, deviceType, constraint, label } of list.kernel) {
    // What stands for every device counts; what must be asked for by a label does not.
    if (!['GPU', 'DEFAULT'].includes(deviceType) || label !== '') continue;
    const types = constraint.map(({ name, allowedValues }) => [name, typeNames(allowedValues)]);
    kernels.set(op, [...(kernels.get(op) ?? []), Object.fromEntries(types.sort())]);
  }
  return Object.fromEntries([...kernels].sort().map(([op, each]) => [op, merged(each)]));
}

function typeNames(allowed) {
  if (allowed?.value.case !== 'list') return [];
  const names = allowed.value.value.type.map((type) => DataType[type]);
  return names.flatMap((name) => (name === undefined ? [] : [name.replace('DT_', '')])).sort(); // others are never recorded
}

/** Kernels that differ in the types of one attribute alone are one. */
function merged(kernels) {
  const found = new Map();
  for (const kernel of kernels) {
    const names = Object.keys(kernel);
    const first = names[0];
    const rest = JSON.stringify(names.slice(1).map((name) => [name, kernel[name]]));
    const key = `${first} ${rest}`;
    const before = found.get(key);
    if (first === undefined || before === undefined) found.set(key, structuredClone(kernel));
    else before[first] = [...new Set([...before[first], ...kernel[first]])].sort();
  }
  return [...found.values()];
}
