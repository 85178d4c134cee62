import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { lack } from './needs.ts';
import { root } from './root.ts';
import { realPython } from './wheels.ts';

/** TensorBoard's own reader of event files, fetched by pip and kept. */

const PACKAGES = ['tensorboard==2.21.0', 'protobuf', 'numpy', 'absl-py', 'packaging', 'six'];

const folder = join(root, 'node_modules/.cache/tensorboard-reader');

const read = `
import json, sys
sys.path.insert(0, sys.argv[1])
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator, IMAGES, SCALARS
events = EventAccumulator(sys.argv[2], size_guidance={IMAGES: 0, SCALARS: 0})
events.Reload()
tags = events.Tags()
print(json.dumps({
    'scalars': {tag: [[one.step, one.value, one.wall_time] for one in events.Scalars(tag)] for tag in tags['scalars']},
    'images': {tag: [[one.step, one.width, one.height, list(one.encoded_image_string[:24])] for one in events.Images(tag)] for tag in tags['images']},
}))
`;

/** Why it can't be had, as a sentence; null: it is there. With REQUIRE_ALL=1 a lack is an error. */
export function lacksForTensorBoard(): string | null {
  if (existsSync(join(folder, 'tensorboard'))) return null;
  try {
    const pip = ['-m', 'pip', 'install', '--quiet', '--no-deps', '--target', folder, ...PACKAGES];
    execFileSync(realPython, pip, { stdio: 'pipe', timeout: 240_000 });
    return null;
  } catch (error) {
    return lack(`TensorBoard's reader can't be fetched by pip: ${(error as Error).message.split('\n')[0]!}`);
  }
}

export interface ReadEvents {
  /** Step, value and wall time of each moment. */
  readonly scalars: Readonly<Record<string, readonly [number, number, number][]>>;
  /** Step, width, height and the first bytes of each picture. */
  readonly images: Readonly<Record<string, readonly [number, number, number, number[]][]>>;
}

/** What TensorBoard finds in a folder of event files. */
export function readEvents(events: string): ReadEvents {
  return JSON.parse(execFileSync(realPython, ['-c', read, folder, events], { encoding: 'utf8' })) as ReadEvents;
}
