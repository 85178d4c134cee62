import type { Command } from 'commander';
import { runDoctor, type Check } from '../../../contract/runtime.ts';
import { EXIT_FAILURE, withService, type CommandContext } from '../command.ts';

const MARKS: Readonly<Record<Check['status'], string>> = { good: '✓', warn: '!', bad: '✗', info: '·' };

/** `edm2 doctor`: says what TensorFlow computes on and what is missing. Fails if training would. */
export function addDoctor(program: Command): void {
  program
    .command('doctor')
    .description('name the device, driver and runtime, run a self-test, and say what is missing for the GPU')
    .action(async (_options: unknown, command: Command) => {
      await withService(command, () => null, doctor);
    });
}

async function doctor({ client, output }: CommandContext): Promise<number> {
  output.say('Looking at this machine; the self-test takes some seconds.');
  const report = await client.call(runDoctor, {});
  output.event('doctor', report);
  for (const { status, title, detail, advice } of report.checks) {
    output.say(`${MARKS[status]} ${title}: ${detail}`);
    if (advice !== null) output.say(`  ${advice}`);
  }
  output.say(`Training runs on: ${report.device}.`);
  if (report.fellBack) output.say('There is a GPU, but TensorFlow would use the CPU; see above why.');
  return report.ok ? 0 : EXIT_FAILURE;
}
