import type { Command } from 'commander';
import type { ProfiledWork } from '../../../contract/profile.ts';
import { withoutService } from '../command.ts';
import { measuredWords, readMeasured, type MeasuredNetwork, type MeasuredOptions } from '../measured-network.ts';
import { addNetworkOptions } from '../network-options.ts';
import type { Output } from '../output.ts';
import { userPath } from '../paths.ts';
import { measureProfile } from '../profile/measure.ts';
import { profileWords } from '../profile/report.ts';
import { checkTarget, saveText } from '../save-file.ts';

interface ProfileOptions extends MeasuredOptions {
  readonly sampling?: true;
  readonly trace?: string;
}

/** `edm2 profile`: where the time of a step goes on this machine, without a library. */
export function addProfile(program: Command): void {
  const command = program.command('profile').description('trace one step and say where its time goes');
  addNetworkOptions(command, { classes: 10, example: 'network.numBlocks=2' });
  command
    .option('--sampling', 'trace one evaluation of the network while it draws; default: a training step')
    .option('--precision <name>', 'of the activations: fp32, bf16 or fp16', 'fp32')
    .option('--threads <n>', "of TensorFlow's kernels; default: one per physical core")
    .option('--micro-batch <n>', 'train in micro-batches of so many images')
    .option('--trace <file>', 'where the trace goes, for Perfetto')
    .action(async (options: ProfileOptions, command: Command) => {
      await withoutService(command, (output) => profile(output, readProfileOptions(options)));
    });
}

interface Asked extends MeasuredNetwork {
  readonly work: ProfiledWork;
  /** null: nowhere. */
  readonly file: string | null;
}

/** @throws {AppError} 'invalid-input' for what can't be meant, 'forbidden' where the trace can't be written */
export function readProfileOptions(options: ProfileOptions): Asked {
  const file = options.trace === undefined ? null : userPath(options.trace);
  const asked: Asked = {
    ...readMeasured(options),
    work: options.sampling === true ? 'sampling' : 'training',
    file,
  };
  if (file !== null) checkTarget(file, '--trace');
  return asked;
}

async function profile(output: Output, asked: Asked): Promise<void> {
  const { preset, rung, subject, threads, work, file } = asked;
  output.say(measuredWords(asked));
  const onProgress = (share: number, words: string): void => output.progress(share, words);
  const { profile, tensorflow, trace } = await measureProfile({ ...subject, work }, threads, onProgress);
  if (file !== null) saveText(trace, file, '--trace');
  const told = { preset, rung, shape: subject.shape, precision: subject.config.training.precision, threads };
  output.event('profile', { ...told, tensorflow, file, ...profile });
  output.say(`On: ${profile.device}, TensorFlow ${tensorflow}.\n`);
  output.say(profileWords(profile));
  if (file !== null) output.say(`\nWrote ${file}, which Perfetto opens.`);
}
