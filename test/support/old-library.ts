import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from './root.ts';

/**
 * A library as commit 100fc77 made it, unpacked to a temporary folder: one dataset that was imported, with its mosaic
 * and one file left out; run 1 with notes and tags, from which an average was reconstructed and pictures were drawn;
 * run 2 in the trash; run 3, whose process was killed and which went on from its checkpoint and was stopped.
 */
export function unpackOldLibrary(): { folder: string; remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), 'edm2-old-library-'));
  const archive = join(root, 'test/support/libraries/100fc77.tar.gz');
  const { status, stderr } = spawnSync('tar', ['-xzf', archive, '-C', folder], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`the library could not be unpacked: ${stderr}`);
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
