import { AppError } from '../../../contract/errors.ts';

/** More than this in one list is a mistake, or somebody's joke. */
const MOST_NODES = 10_000;

/**
 * Names from Slurm's short form, which `scontrol show hostnames` would tell, too: "gpu[01-03,07],login" is gpu01, gpu02,
 * gpu03, gpu07, login; "rack[1-2]n[0-1]" is rack1n0, rack1n1, rack2n0, rack2n1.
 *
 * @throws {AppError} 'invalid-input'
 */
export function nodeNames(list: string): string[] {
  const names = parts(list).flatMap((part) => expanded(part, list));
  if (names.length > 0 && names.every((name) => /^[A-Za-z0-9_.-]+$/.test(name))) return names;
  throw unreadable(list);
}

/** Cut at commas outside brackets. */
function parts(list: string): string[] {
  return list.split(/,(?![^[]*\])/).map((part) => part.trim());
}

function expanded(name: string, list: string): string[] {
  const match = /^([^[\]]*)\[([^[\]]+)\](.*)$/s.exec(name);
  if (match === null) return [name];
  const [, before, ranges, after] = match as unknown as [string, string, string, string];
  const rest = expanded(after, list);
  return ranges
    .split(',')
    .flatMap((range) => numbers(range, list).flatMap((number) => rest.map((end) => before + number + end)));
}

/** "08-11" is 08, 09, 10, 11: as long as its beginning. */
function numbers(range: string, list: string): string[] {
  const [, first, last = first] = /^(\d+)(?:-(\d+))?$/.exec(range.trim()) ?? [];
  if (first === undefined) throw unreadable(list);
  const count = Number(last) - Number(first) + 1;
  if (count < 1 || count > MOST_NODES) throw unreadable(list);
  return Array.from({ length: count }, (_, index) => String(Number(first) + index).padStart(first.length, '0'));
}

function unreadable(list: string): AppError {
  return new AppError('invalid-input', `Slurm's list of nodes, "${list}", can't be read.`);
}
