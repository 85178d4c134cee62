import { resolve } from 'node:path';
import type { Command } from 'commander';
import { AppError } from '../../../contract/errors.ts';
import { ToyMessage, ToyRequest, type ToyResult } from '../../../contract/toy.ts';
import { count, duration } from '../../../contract/units.ts';
import { chosenDevice } from '../../engine/runtime/choice.ts';
import { jobEnvironment } from '../../engine/runtime/environment.ts';
import { runtimeIsReady } from '../../engine/runtime/status.ts';
import { toyScript } from '../../service/program-files.ts';
import { LineProcess } from '../../system/line-process.ts';
import { withoutService } from '../command.ts';
import { firstIssue } from '../issue-words.ts';
import type { Output } from '../output.ts';
import { checkTarget, saveBytes } from '../save-file.ts';
import { percent, table, threeDigits } from '../words.ts';

interface ToyOptions {
  readonly steps: string;
  readonly seed: string;
  readonly guidance: string;
  readonly out: string;
}

/** `edm2 toy`: trains small networks on points of the plane and paints what autoguidance does, without a library. */
export function addToy(program: Command): void {
  program
    .command('toy')
    .description('train small networks on points of the plane and paint what autoguidance does')
    .option('--steps <n>', 'optimiser steps of the main network; the guide takes an eighth', '3072')
    .option('--seed <n>', 'of weights, points and noise', '0')
    .option('--guidance <w>', 'strength; 1: none', '2')
    .option('--out <file>', 'where the picture goes', 'toy.png')
    .action(async (options: ToyOptions, command: Command) => {
      await withoutService(command, async (output) => {
        const { request, file } = readToyOptions(options);
        const { result, png } = await computeToy(request, output);
        saveBytes(png, file);
        output.event('toy', { ...request, file, ...result });
        output.say(toyWords(result));
        output.say(`\nWrote ${file}`);
      });
    });
}

/** @throws {AppError} 'invalid-input' for what can't be meant, 'forbidden' where the picture can't be written */
export function readToyOptions(options: ToyOptions): { readonly request: ToyRequest; readonly file: string } {
  const number = (text: string): number => (text.trim() === '' ? NaN : Number(text));
  const request = ToyRequest.safeParse({
    steps: number(options.steps),
    seed: number(options.seed),
    guidance: number(options.guidance),
  });
  if (!request.success) throw new AppError('invalid-input', `--${firstIssue(request.error)}`);
  const file = resolve(options.out);
  checkTarget(file);
  return { request: request.data, file };
}

async function computeToy(request: ToyRequest, output: Output): Promise<{ result: ToyResult; png: Buffer }> {
  const { runtime, gpu } = await chosenDevice();
  if (!(await runtimeIsReady(runtime))) {
    throw new AppError('runtime', `TensorFlow's runtime "${runtime}" is not installed; "edm2 doctor" says more.`);
  }
  const child = new LineProcess(process.execPath, [toyScript()], jobEnvironment({ runtime, gpu, threads: null }));
  try {
    child.write(JSON.stringify(request));
    for (;;) {
      const message = ToyMessage.parse(JSON.parse(await nextLine(child)));
      if (message.type === 'failed') throw new AppError(message.code, message.message);
      if (message.type === 'done') return { result: message.result, png: Buffer.from(message.png, 'base64') };
      output.progress(message.share, message.words);
    }
  } finally {
    await child.close();
  }
}

async function nextLine(child: LineProcess): Promise<string> {
  try {
    return await child.read();
  } catch (cause) {
    throw new AppError('runtime', `The process that computes the toy ended unexpectedly. ${child.errors}`, { cause });
  }
}

/** Two small tables: the networks, and what was drawn with them. */
export function toyWords({ main, guide, panels, points }: ToyResult): string {
  const networks = Object.entries({ main, guide }).map(([name, training]) => [
    name,
    count(training.parameters),
    String(training.steps),
    threeDigits(training.firstLoss),
    threeDigits(training.lastLoss),
    threeDigits(training.excess),
    duration(training.seconds),
  ]);
  const drawn = Object.entries(panels).map(([name, { outliers, logDensity, divergence }]) => [
    name === 'truth' ? 'true distribution' : name,
    percent(outliers),
    threeDigits(logDensity),
    threeDigits(divergence),
  ]);
  return [
    table(
      ['network', 'parameters', 'steps', 'first loss', 'last loss', 'excess', 'trained for'],
      networks,
      [1, 2, 3, 4, 5],
    ),
    table([`${points} points of`, 'outliers', 'mean log density', 'divergence'], drawn, [1, 2, 3]),
  ].join('\n\n');
}
