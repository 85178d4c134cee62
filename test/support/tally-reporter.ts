import { appendFileSync } from 'node:fs';
import type { Reporter, TestModule } from 'vitest/node';

/**
 * Appends passed, failed and skipped counts of a vitest run, and what failed, to the file named by EDM2_TEST_TALLY, for the
 * closing lines.
 */
export default class TallyReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly { readonly message?: string }[]): void {
    const file = process.env.EDM2_TEST_TALLY;
    if (file === undefined) return;
    const failures = errors.map((error) => `outside a test: ${firstLine(error)}`);
    const tally = { passed: 0, failed: errors.length, skipped: 0 };
    for (const module of modules) {
      if (module.state() === 'failed' && module.errors().length > 0) {
        tally.failed += 1;
        failures.push(`${module.relativeModuleId}: ${firstLine(module.errors()[0])}`);
      }
      for (const test of module.children.allTests()) {
        const { state, errors: reasons } = test.result();
        if (state === 'passed') tally.passed += 1;
        else if (state === 'failed') {
          tally.failed += 1;
          failures.push(`${module.relativeModuleId} > ${test.fullName}: ${firstLine(reasons[0])}`);
        } else tally.skipped += 1;
      }
    }
    appendFileSync(file, `${JSON.stringify({ ...tally, failures })}\n`);
  }
}

function firstLine(error: { readonly message?: string } | undefined): string {
  return (error?.message ?? 'no reason').split('\n', 1)[0]!.slice(0, 300);
}
