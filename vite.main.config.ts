import { builtinModules } from 'node:module';
import { defineConfig } from 'vite';

/**
 * Electron's main process and its preload script, one bundled CommonJS file each: a sandboxed preload can't be a module,
 * and Electron 22, the oldest that the tests drive, has Node 16. `--mode main` or `--mode preload` chooses.
 */
export default defineConfig(({ mode }) => ({
  publicDir: false,
  build: {
    outDir: 'dist/main',
    emptyOutDir: false,
    target: 'node16',
    minify: false,
    lib: { entry: `main/${mode}.ts`, formats: ['cjs'], fileName: () => `${mode}.cjs` },
    rolldownOptions: {
      external: ['electron', ...builtinModules, ...builtinModules.map((name) => `node:${name}`)],
    },
  },
  // A bundle for Node, not for a page: packages' Node entry points (ws has both).
  resolve: { conditions: ['node'], mainFields: ['module', 'main'] },
}));
