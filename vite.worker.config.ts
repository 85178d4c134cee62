import { builtinModules } from 'node:module';
import { defineConfig } from 'vite';

/**
 * The worker for a packaged app: the same files in the same folders, as JavaScript. Nothing is merged into one file, so
 * that what a file finds beside itself (entry points of processes, runtime/, demo-set/) it finds in both.
 */
const entries = [
  'native-worker/service/main.ts',
  'native-worker/jobs/main.ts',
  'native-worker/jobs/bench/main.ts',
  'native-worker/jobs/profile/main.ts',
  'native-worker/jobs/toy/main.ts',
  'native-worker/worker/device-server.ts',
  'native-worker/cli/main.ts',
  'native-worker/engine/runtime/self-test-child.ts',
];

export default defineConfig({
  publicDir: false,
  build: {
    outDir: 'dist/worker',
    emptyOutDir: true,
    target: 'node24',
    minify: false,
    ssr: true,
    rolldownOptions: {
      input: entries,
      external: [/^node:/, ...builtinModules, /^[^./]/],
      output: { format: 'es', preserveModules: true, preserveModulesRoot: '.', entryFileNames: '[name].js' },
    },
  },
});
