/**
 * The command line: `edm2 …`. Every command but `count`, `bench`, `toy`, `worker` and, without `--run`, `profile` asks the
 * library's service, which lives as long as something runs.
 */
import { Command, CommanderError } from 'commander';
import { onEscaped } from '../../contract/escaped.ts';
import { addAblate } from './commands/ablate.ts';
import { addBench } from './commands/bench.ts';
import { addCount } from './commands/count.ts';
import { addDemo } from './commands/demo.ts';
import { addDynamics } from './commands/dynamics.ts';
import { addDoctor } from './commands/doctor.ts';
import { addExport } from './commands/export.ts';
import { addImport } from './commands/import.ts';
import { addLibrary } from './commands/library.ts';
import { addProfile } from './commands/profile.ts';
import { addReconstruct } from './commands/reconstruct.ts';
import { addReconstructions } from './commands/reconstructions.ts';
import { addRuns } from './commands/runs.ts';
import { addSample } from './commands/sample.ts';
import { addServe } from './commands/serve.ts';
import { addToy } from './commands/toy.ts';
import { addTrain } from './commands/train.ts';
import { addTune } from './commands/tune.ts';
import { addWorker } from './commands/worker.ts';
import { appVersion } from '../service/program-files.ts';
import { EXIT_FAILURE, EXIT_USAGE, unforeseen } from './command.ts';
import { endWhenOutputFails } from './unwritable-output.ts';

const program = new Command('edm2')
  .description('Train EDM2 diffusion models on this machine and draw with them.')
  .version(appVersion())
  .option('--library <folder>', 'where runs and datasets are kept; default: EDM2_LIBRARY, or the user’s data folder')
  .option('--json', 'print one JSON object a line, for programs')
  .option('--new-index', 'where the library’s index is lost: set its files aside and begin with an empty one')
  .showSuggestionAfterError()
  .exitOverride();

for (const add of [
  addDemo,
  addTrain,
  addAblate,
  addSample,
  addReconstruct,
  addReconstructions,
  addImport,
  addRuns,
  addDynamics,
  addExport,
  addLibrary,
  addServe,
  addDoctor,
  addCount,
  addBench,
  addProfile,
  addTune,
  addToy,
  addWorker,
])
  add(program);

// Options of the whole program may stand behind a command's name, too.
for (const command of [...program.commands, ...program.commands.flatMap(({ commands }) => commands)]) {
  command
    .option('--library <folder>', 'as for `edm2`')
    .option('--json', 'as for `edm2`')
    .option('--new-index', 'as for `edm2`')
    .exitOverride();
}

endWhenOutputFails();
const fail = (): never => process.exit(EXIT_FAILURE);
onEscaped(
  process,
  (error) => {
    process.stderr.write(`${unforeseen(error).message}\n`);
    fail();
  },
  fail,
);
try {
  await program.parseAsync();
} catch (error) {
  // Commander has printed its sentence; asking for help is no failure.
  if (!(error instanceof CommanderError)) throw error; // `onEscaped` says it
  process.exitCode = error.exitCode === 0 || error.code === 'commander.help' ? 0 : EXIT_USAGE;
}
