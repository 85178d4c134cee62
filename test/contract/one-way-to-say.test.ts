import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

/** Where the words of the product are written, and where a number must not be given its unit by hand. */
const FOLDERS = ['contract', 'main', 'native-worker', 'renderer'];
/** The modules of units and times, and comparisons with the official code, which are for developers. */
const EXEMPT = /^(?:contract\/units\.ts|renderer\/lib\/format\.ts|native-worker\/reference\/)/;

const sources = FOLDERS.flatMap((folder) =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => `${folder}/${name.replaceAll('\\', '/')}`)
    .filter((path) => /\.(?:ts|svelte)$/.test(path) && !EXEMPT.test(path)),
);

/** What a line of code must not hold; comments may. */
const forms: readonly { name: string; form: RegExp; wrong: string; instead: string }[] = [
  {
    name: 'a count of images with its unit',
    form: /\$?\{[^{}]*\}\s*(?:training images|images|[kM]?img)\b/,
    wrong: 'Paused at ${run.nimg} images.',
    instead: 'images or exactImages',
  },
  { name: 'a speed', form: /\}\s*(?:img|images) ?\/ ?s\b|images ?\/ ?s\b/, wrong: '${rate} img/s', instead: 'speed' },
  {
    name: 'an EMA length',
    form: /(?:EMA|sigma_rel|σ_rel|<\/sub>)\s*\$?\{[a-z]/,
    wrong: 'EMA {sample.sigmaRel}',
    instead: 'emaLength',
  },
  {
    name: 'an EMA length as σ alone',
    form: /σ\s*\$?\{[^{}]*(?:sigmaRel|ema)/i,
    wrong: 'σ ${number(recipe.sigmaRel)}',
    instead: 'emaLength',
  },
  {
    name: 'a time of day',
    form: /toLocale(?:Time|Date)String/,
    wrong: 'date.toLocaleTimeString()',
    instead: 'when, atOrOn or logTime',
  },
  { name: 'separators of thousands', form: /toLocaleString\(/, wrong: "count.toLocaleString('en')", instead: 'count' },
];

function lines(path: string): string[] {
  const code = readFileSync(path, 'utf8')
    .replaceAll(/\/\*[\s\S]*?\*\/|<!--[\s\S]*?-->/g, '')
    .replaceAll(/^\s*\/\/.*$/gm, '');
  return code.split('\n');
}

test.each(forms)('$name is written by the module of units alone', ({ form, wrong, instead }) => {
  expect(wrong).toMatch(form);
  const found = sources.flatMap((path) =>
    lines(path)
      .filter((line) => form.test(line))
      .map((line) => `${path}: ${line.trim()}`),
  );
  expect(found, `use ${instead} of contract/units.ts or renderer/lib/format.ts`).toEqual([]);
});
