import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { lack } from './needs.ts';
import { forRoot } from './user.ts';

/** A disk of one size, made of memory, that a test can fill. */
export interface SmallDisk {
  readonly place: string;
  /** Takes all the room there is. @returns what gives it back */
  fill(): () => void;
  remove(): void;
}

/** @throws {Error} where the system does not let us */
export function mountSmallDisk(megabytes = 24): SmallDisk {
  const place = mkdtempSync(join(tmpdir(), 'edm2-disk-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', place], { stdio: 'ignore' });
  } catch (error) {
    rmSync(place, { recursive: true });
    throw error;
  }
  return {
    place,
    fill: () => fill(place),
    remove() {
      execFileSync('umount', ['-l', place]);
      rmSync(place, { recursive: true });
    },
  };
}

/** Tests that mount small disks, which only root may, and not in every container. */
export function describeOnSmallDisks(name: string, define: () => void): void {
  forRoot(() => {
    const lacking = canMount() ? null : lack('No disk can be mounted here, so none can be filled.');
    describe.skipIf(lacking !== null)(name, define);
  });
}

function canMount(): boolean {
  try {
    mountSmallDisk(1).remove();
    return true;
  } catch {
    return false; // the container forbids it
  }
}

function fill(disk: string): () => void {
  const file = join(disk, 'ballast');
  for (let size = 1 << 20; size >= 512; size /= 2) {
    try {
      for (;;) writeFileSync(file, Buffer.alloc(size), { flag: 'a' });
    } catch {
      continue; // smaller pieces may still fit
    }
  }
  expect(statfsSync(disk).bavail).toBe(0);
  return () => rmSync(file);
}
