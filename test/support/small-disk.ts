import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { lack } from './needs.ts';

/** A disk of one size, made of memory, that a test can fill. */
export interface SmallDisk {
  readonly place: string;
  /** Takes all the room there is. @returns what gives it back */
  fill(): () => void;
  remove(): void;
}

/** null where the system does not let us. */
export function mountSmallDisk(): SmallDisk | null {
  const place = mkdtempSync(join(tmpdir(), 'edm2-disk-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=24m', 'tmpfs', place], { stdio: 'ignore' });
  } catch {
    rmSync(place, { recursive: true });
    return null;
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

/** What tests on a small disk lack here, as a sentence; null: nothing. */
export function lacksSmallDisk(): string | null {
  const disk = mountSmallDisk();
  disk?.remove();
  return disk === null ? lack('No disk can be mounted here, so none can be filled.') : null;
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
