import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vite';

/**
 * The page. One build serves Electron's window and a browser tab, so it asks no more than Chromium 108, the oldest that
 * the tests drive; lightningcss lowers what it can.
 */
export default defineConfig({
  root: 'renderer',
  base: './',
  plugins: [svelte()],
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
  },
  server: {
    host: '127.0.0.1',
    proxy: { '/rpc': { target: 'ws://127.0.0.1:7860', ws: true }, '/files': 'http://127.0.0.1:7860' },
  },
});
