import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';

/**
 * `unit`: quick, no TensorFlow. `tensor`: loads TensorFlow, one process a file. `renderer`: Svelte in jsdom.
 * `e2e`: the real app in Electron and in a browser. `package`: packs the app and starts the result.
 */
export default defineConfig({
  test: {
    reporters: ['default', './test/support/tally-reporter.ts'],
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/{bench,contract,main,native-worker,scripts}/**/*.test.ts'],
          exclude: ['test/**/*.tensor.test.ts'],
          environment: 'node',
          pool: 'forks',
          testTimeout: 30_000,
        },
      },
      {
        test: {
          name: 'tensor',
          include: ['test/**/*.tensor.test.ts'],
          environment: 'node',
          pool: 'forks',
          maxWorkers: 1,
          setupFiles: ['test/support/tensorflow.ts'],
          testTimeout: 300_000,
          hookTimeout: 300_000,
        },
      },
      {
        plugins: [svelte()],
        resolve: { conditions: ['browser'] },
        test: {
          name: 'renderer',
          include: ['test/renderer/**/*.test.ts'],
          environment: 'jsdom',
          // Style sheets are empty in tests otherwise; these are read by the contrast test.
          css: { include: [/styles\/(tokens|controls)\.css/] },
          setupFiles: ['test/renderer/support/patience.ts'],
          testTimeout: 30_000,
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          environment: 'node',
          pool: 'forks',
          maxWorkers: 1,
          testTimeout: 600_000,
          hookTimeout: 300_000,
        },
      },
      {
        test: {
          name: 'package',
          include: ['test/package/**/*.test.ts'],
          environment: 'node',
          pool: 'forks',
          maxWorkers: 1,
          testTimeout: 600_000,
          hookTimeout: 600_000,
        },
      },
    ],
  },
});
