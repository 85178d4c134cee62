import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig, type Plugin } from 'vite';

/** Smaller files are not worth a second one. */
const SMALLEST_PACKED = 1024;

/** Lays each text packed beside itself, as small as can be: that takes longer than a first look should wait for. */
const packed: Plugin = {
  name: 'packed',
  async writeBundle({ dir }, bundle) {
    const texts = Object.entries(bundle)
      .map(([name, file]) => ({ name, text: Buffer.from(file.type === 'chunk' ? file.code : file.source) }))
      .filter(({ name, text }) => /\.(js|css|html|svg)$/.test(name) && text.length >= SMALLEST_PACKED);
    await Promise.all(
      texts.flatMap(({ name, text }) => {
        const params = { [constants.BROTLI_PARAM_SIZE_HINT]: text.length };
        return [
          promisify(brotliCompress)(text, { params }).then((body) => writeFile(join(dir!, `${name}.br`), body)),
          promisify(gzip)(text, { level: 9 }).then((body) => writeFile(join(dir!, `${name}.gz`), body)),
        ];
      }),
    );
  },
};

/**
 * The page. One build serves Electron's window and a browser tab, so it asks no more than Chromium 108, the oldest that
 * the tests drive; lightningcss lowers what it can.
 */
export default defineConfig({
  root: 'renderer',
  base: './',
  plugins: [svelte(), packed],
  css: { transformer: 'lightningcss', lightningcss: { targets: { chrome: 108 << 16 } } },
  build: {
    outDir: '../dist/renderer',
    emptyOutDir: true,
    target: 'chrome108',
    cssMinify: 'lightningcss',
    // Pictures as files: the content policy would allow data: addresses, but files are cached.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 1500,
    rolldownOptions: {
      // Packing takes most of a build, and is meant to.
      checks: { bundlerTimings: false },
      // What zod is told must come before the first schema, which is in whichever file of several.
      output: { codeSplitting: { groups: [{ name: 'zod', test: /node_modules[\\/]zod[\\/]|zod-without-eval/ }] } },
    },
  },
  server: {
    host: '127.0.0.1',
    proxy: { '/rpc': { target: 'ws://127.0.0.1:7860', ws: true }, '/files': 'http://127.0.0.1:7860' },
  },
});
