import type { Command } from 'commander';
import type { AppError } from '../../../contract/errors.ts';
import { runDoctor, type Check, type DoctorReport } from '../../../contract/runtime.ts';
import { chosenRuntime } from '../../engine/runtime/choice.ts';
import { runDoctorReport } from '../../engine/runtime/doctor.ts';
import { EXIT_FAILURE, withService, type CommandContext } from '../command.ts';
import type { Output } from '../output.ts';

const MARKS: Readonly<Record<Check['status'], string>> = { good: '✓', warn: '!', bad: '✗', info: '·' };

/** `edm2 doctor`: says what TensorFlow computes on and what is missing. Fails if training would. */
export function addDoctor(program: Command): void {
  program
    .command('doctor')
    .description('name the device, driver and runtime, run a self-test, and say what is missing for the GPU')
    .action(async (_options: unknown, command: Command) => {
      await withService(command, () => null, doctor, withoutLibrary);
    });
}

async function doctor({ client, output }: CommandContext): Promise<number> {
  output.say('Looking at this machine; the self-test takes some seconds.');
  return tell(output, await client.call(runDoctor, {}));
}

/** Where no service can be had for the library, the machine is looked at all the same. */
async function withoutLibrary(output: Output, why: AppError): Promise<number> {
  const report = await runDoctorReport({ runtime: async () => (await chosenRuntime()).runtime, threads: null });
  const library: Check = { id: 'library', status: 'bad', title: 'Library', detail: why.message, advice: null };
  return tell(output, { ...report, checks: [library, ...report.checks], ok: false });
}

/** @returns exit code */
function tell(output: Output, report: DoctorReport): number {
  output.event('doctor', report);
  for (const { status, title, detail, advice } of report.checks) {
    output.say(`${MARKS[status]} ${title}: ${detail}`);
    if (advice !== null) output.say(`  ${advice}`);
  }
  output.say(`Training runs on: ${report.device}.`);
  if (report.fellBack) output.say('There is a GPU, but TensorFlow would use the CPU; see above why.');
  return report.ok ? 0 : EXIT_FAILURE;
}
