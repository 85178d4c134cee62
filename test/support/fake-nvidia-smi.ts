import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Writes an executable `nvidia-smi` into a folder. It answers the questions for one H100 as the real one does; what it
 * does when it is asked for a stream (`-lms`) is said by the test.
 *
 * @param stream shell commands; `say N` prints a good line with utilisation N
 * @returns path of the executable
 */
export function fakeNvidiaSmi(folder: string, stream: string): string {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, 'nvidia-smi');
  writeFileSync(
    path,
    `#!/bin/sh
say() { echo "0, $1, 2048, 81559, 41, 250.5"; }
case "$*" in
  *-lms*) echo started >> "${join(folder, 'starts')}"
    ${stream}
    ;;
  *compute_cap*) echo "0, 9.0" ;;
  *) echo "0, NVIDIA H100 80GB HBM3, 560.35.03, 81559, 0, 0, 29, 70.1" ;;
esac
`,
  );
  chmodSync(path, 0o755);
  return path;
}
