import { createHash, type Hash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { backend } from '../../engine/binding.ts';
import { tf } from '../../engine/tensorflow.ts';

/** Folders whose code decides what a recorded program of training is, as they lie beside this file. */
const FOLDERS = ['./', '../../edm2/', '../../engine/', '../../programs/', '../../../contract/'];

/**
 * Of our own code as it was when this file was loaded, and with it the code that runs: a checkout that is updated under a
 * process would give its programs the names of others.
 */
const codeHash = hashOf((hash) => {
  for (const folder of FOLDERS) {
    const path = fileURLToPath(new URL(folder, import.meta.url));
    const files = readdirSync(path, { recursive: true, encoding: 'utf8' }).filter((name) => /\.[jt]s$/.test(name));
    for (const name of files.sort()) hash.update(`\n${folder}${name}\n`).update(readFileSync(join(path, name)));
  }
});

/**
 * Names a recorded program by everything that it depends on: what was asked for, our own code, and the versions of
 * TensorFlow and its binding.
 *
 * @param asked as JSON; shapes, settings, whatever else changes the program
 */
export function programKey(asked: unknown): string {
  return hashOf((hash) => hash.update(JSON.stringify([asked, tf.version, backend().binding.TF_Version, codeHash])));
}

function hashOf(feed: (hash: Hash) => void): string {
  const hash = createHash('sha256');
  feed(hash);
  return hash.digest('hex');
}
