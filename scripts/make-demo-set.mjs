/**
 * Makes demo-set/pictures.safetensors.br from the npm package emoji-datasource-twitter: its 64-pixel pictures on white,
 * at 32×32, class = emoji category, skin variants included, category Component left out. Needed only when that
 * package, the resizing or the file format changes:
 *
 *     node_modules/.bin/node scripts/make-demo-set.mjs
 *
 * The result is checked in, so that every checkout trains on the same bytes whatever its sharp does.
 */
import { createHash } from 'node:crypto';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import zlib from 'node:zlib';
import { packDataset } from '../native-worker/data/pack.ts';
import { CHANNELS, readPicture } from '../native-worker/data/picture.ts';

const RESOLUTION = 32;
const DESCRIPTION = {
  name: 'Emoji',
  source: 'Ships with EDM2 Studio',
  attribution:
    'Twemoji graphics: Copyright Twitter, Inc and other contributors, licensed under CC BY 4.0 ' +
    '(https://creativecommons.org/licenses/by/4.0/); put on white and resized to 32×32 pixels.',
};

const source = path.dirname(createRequire(import.meta.url).resolve('emoji-datasource-twitter/package.json'));
const target = fileURLToPath(new URL('../demo-set/', import.meta.url));

/** Every emoji with its skin variants behind it, in the order of the Unicode charts. */
const emoji = JSON.parse(readFileSync(path.join(source, 'emoji.json'), 'utf8'))
  .filter(({ category }) => category !== 'Component')
  .sort((a, b) => a.sort_order - b.sort_order)
  .flatMap((entry) =>
    [entry, ...Object.values(entry.skin_variations ?? {})].map(({ image, has_img_twitter: drawn }) => ({
      image,
      drawn,
      category: entry.category,
    })),
  )
  .filter(({ drawn }) => drawn);

// By name, as the classes of an imported folder are.
const classes = [...new Set(emoji.map(({ category }) => category))].sort();
const pictures = classes.flatMap((name, label) =>
  emoji.filter(({ category }) => category === name).map(({ image }) => ({ image, label })),
);

const packed = path.join(target, 'pictures.safetensors');
const description = { ...DESCRIPTION, classes };
await packDataset(
  packed,
  { resolution: RESOLUTION, channels: CHANNELS, capacity: pictures.length, description },
  async (append) => {
    for (const { image } of pictures) {
      await append(await readPicture(path.join(source, 'img/twitter/64', image), RESOLUTION));
    }
    return { description, labels: Int32Array.from(pictures, ({ label }) => label) };
  },
);

const bytes = readFileSync(packed);
rmSync(packed);
const compressed = zlib.brotliCompressSync(bytes, {
  params: {
    [zlib.constants.BROTLI_PARAM_QUALITY]: zlib.constants.BROTLI_MAX_QUALITY,
    [zlib.constants.BROTLI_PARAM_LGWIN]: zlib.constants.BROTLI_MAX_WINDOW_BITS,
    [zlib.constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
  },
});
writeFileSync(path.join(target, 'pictures.safetensors.br'), compressed);
const manifest = {
  count: pictures.length,
  sizeBytes: bytes.length,
  sha256: createHash('sha256').update(bytes).digest('hex'),
};
writeFileSync(path.join(target, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`);
process.stdout.write(`${pictures.length} pictures of ${classes.length} classes, ${compressed.length} bytes packed\n`);
