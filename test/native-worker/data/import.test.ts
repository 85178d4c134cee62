import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ImportProblem } from '../../../contract/datasets.ts';
import type { Progress } from '../../../contract/jobs.ts';
import { openDataset } from '../../../native-worker/data/dataset-file.ts';
import { importFolder } from '../../../native-worker/data/import.ts';
import { printable, ProblemList } from '../../../native-worker/data/problems.ts';
import { scanFolder } from '../../../native-worker/data/scan.ts';
import { asRoot } from '../../support/user.ts';

let base = '';
let folder = '';
let target = '';
beforeEach(() => {
  base = fs.mkdtempSync(path.join(os.tmpdir(), 'edm2-import-'));
  folder = path.join(base, 'pets');
  target = path.join(base, 'library', 'pictures.safetensors');
  fs.mkdirSync(folder);
  fs.mkdirSync(path.dirname(target));
});
afterEach(() => fs.rmSync(base, { recursive: true, force: true }));

/** Writes a picture of one grey, which tells it from others. */
async function put(name: string, grey: number): Promise<void> {
  const file = path.join(folder, name);
  fs.mkdirSync(path.dirname(file), { recursive: true });
  const image = sharp({ create: { width: 10, height: 12, channels: 3, background: { r: grey, g: grey, b: grey } } });
  await image.png().toFile(file);
}

function putText(name: string, text: string): void {
  const file = path.join(folder, name);
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, text);
}

interface Imported {
  problems: ImportProblem[];
  /** Each picture as its grey and its class's name. */
  pictures: [number, string | null][];
  classes: readonly string[];
  source: string;
  name: string;
}

const never = (): boolean => false;
const silent = (): void => undefined;

async function run(cancelled = never, report: (progress: Progress) => void = silent): Promise<ImportProblem[]> {
  return importFolder({ folder, target, options: { name: 'Pets', resolution: 8 }, report, cancelled });
}

async function imported(): Promise<Imported> {
  const problems = await run();
  const set = openDataset(target);
  try {
    const pixels = new Uint8Array(8 * 8 * 3);
    const pictures = [...set.labels].map((label, index): [number, string | null] => {
      set.readPictures([index], pixels);
      return [pixels[0]!, set.classes[label] ?? null];
    });
    return { problems, pictures, classes: set.classes, source: set.source, name: set.name };
  } finally {
    set.close();
  }
}

/** The sentence of an import that must fail; nothing may be left then. */
async function failure(code: string): Promise<string> {
  const error: unknown = await run().catch((error: unknown) => error);
  expect(error).toMatchObject({ name: 'AppError', code });
  expect(fs.readdirSync(path.dirname(target))).toEqual([]);
  return (error as Error).message;
}

/** Root may read everything, so root steps down for as long as `act` runs. */
async function asNobody<T>(act: () => Promise<T>): Promise<T> {
  const NOBODY = 65534;
  if (!asRoot) return act();
  fs.chmodSync(base, 0o755);
  fs.chownSync(path.dirname(target), NOBODY, NOBODY);
  process.seteuid!(NOBODY);
  try {
    return await act();
  } finally {
    process.seteuid!(0);
  }
}

describe('a folder of pictures', () => {
  test('with subfolders: each is a class, in the order of their names', async () => {
    await put('dogs/b.png', 40);
    await put('dogs/a.png', 30);
    await put('cats/z.png', 20);
    await put('Birds/x.png', 10);
    expect(await imported()).toEqual({
      problems: [],
      pictures: [
        [10, 'Birds'],
        [20, 'cats'],
        [30, 'dogs'],
        [40, 'dogs'],
      ],
      classes: ['Birds', 'cats', 'dogs'],
      source: 'Folder pets',
      name: 'Pets',
    });
  });

  test('without subfolders: no classes', async () => {
    await put('b.png', 2);
    await put('a.PNG', 1);
    await put('c.jpeg.png', 3);
    expect(await imported()).toMatchObject({
      problems: [],
      classes: [],
      pictures: [
        [1, null],
        [2, null],
        [3, null],
      ],
    });
  });

  test('with one subfolder: without classes, and its source says so', async () => {
    await put('cats/a.png', 1);
    const { classes, pictures, source } = await imported();
    expect([classes, pictures]).toEqual([[], [[1, null]]]);
    expect(source).toMatch(/^Folder pets \(its only class, cats, .* imported without classes\)$/u);
  });

  test('with pictures deeper in a class: they belong to it', async () => {
    await put('cats/2020/b.png', 2);
    await put('cats/a.png', 3);
    await put('cats/2020/x/a.png', 1);
    await put('dogs/only/deep/a.png', 4);
    // Sorted by the whole path below the folder: cats/2020/b, cats/2020/x/a, cats/a.
    expect((await imported()).pictures).toEqual([
      [2, 'cats'],
      [1, 'cats'],
      [3, 'cats'],
      [4, 'dogs'],
    ]);
  });

  test('with pictures beside the class folders: they are left out and listed', async () => {
    await put('cats/a.png', 1);
    await put('dogs/a.png', 2);
    await put('stray.png', 3);
    expect(await imported()).toMatchObject({
      problems: [{ file: 'stray.png', reason: expect.stringContaining('class is unknown') as string }],
      pictures: [
        [1, 'cats'],
        [2, 'dogs'],
      ],
    });
  });

  test('with pictures beside one folder of pictures: refused, for either may be meant', async () => {
    for (let i = 0; i < 20; i++) await put(`${i}.png`, i);
    for (let i = 0; i < 3; i++) await put(`masks/${i}.png`, i);
    const sentence = await failure('dataset');
    expect(sentence).toMatch(/pets has pictures of its own \(20\) and one folder with pictures, masks \(3\)\. Which/u);
    fs.renameSync(path.join(folder, 'masks'), path.join(folder, '.masks')); // as it says
    expect((await imported()).pictures.length).toBe(20);
  });

  test('with more pictures beside folders than in them: refused, the folders are hardly classes', async () => {
    for (let i = 0; i < 5; i++) await put(`${i}.png`, i);
    await put('masks/0.png', 1);
    await put('depth/0.png', 2);
    expect(await failure('dataset')).toContain('(5) and 2 folders with pictures, such as depth (2 in all)');
    for (let i = 1; i < 4; i++) await put(`depth/${i}.png`, i);
    expect(await imported()).toMatchObject({ classes: ['depth', 'masks'], problems: { length: 5 } });
  });

  test('with more folders of pictures than a set may have classes: refused before they are read', async () => {
    for (const name of ['a', 'b', 'c', 'd']) await put(`${name}/x.png`, 1);
    fs.mkdirSync(path.join(folder, 'empty'));
    const scan = (most: number) => scanFolder(folder, new ProblemList(), () => undefined, most);
    await expect(scan(3)).rejects.toMatchObject({
      code: 'dataset',
      message: expect.stringContaining('more than 3') as string,
    });
    expect((await scan(4)).classes).toEqual(['a', 'b', 'c', 'd']);
  });

  test('with subfolders without pictures: they are no classes', async () => {
    await put('a.png', 1);
    putText('notes/readme.txt', 'x');
    fs.mkdirSync(path.join(folder, 'empty'));
    expect(await imported()).toMatchObject({ classes: [], pictures: [[1, null]], problems: [] });
  });

  test('hidden files, other files and leftovers of archives are passed over', async () => {
    await put('a.png', 1);
    await put('.hidden.png', 2);
    await put('.thumbnails/a.png', 3);
    await put('__MACOSX/a.png', 4);
    putText('labels.csv', 'a,b');
    expect(await imported()).toMatchObject({ pictures: [[1, null]], problems: [] });
  });

  test('gives the same file, byte for byte, when it is imported again', async () => {
    for (let i = 0; i < 30; i++) await put(`c${i % 3}/${i}.png`, i);
    await run();
    const first = fs.readFileSync(target);
    await run();
    expect(fs.readFileSync(target).equals(first)).toBe(true);
  });

  test('may have names in any script, with line breaks and quotes', async () => {
    await put('日本語/писать.png', 1);
    await put('two\nlines/a "b".png', 2);
    putText('日本語/bad\n\u202egnp.png', 'x');
    const { classes, problems, pictures } = await imported();
    expect(classes).toEqual(['two\\nlines', '日本語']);
    expect(pictures.map(([grey]) => grey)).toEqual([2, 1]);
    expect(problems).toEqual([{ file: '日本語/bad\\n\\u202egnp.png', reason: 'is not a PNG, JPEG or WebP picture' }]);
  });

  test.runIf(process.platform === 'linux')('may have names that are no text at all: listed', async () => {
    await put('a.png', 1);
    const bytes = fs.readFileSync(path.join(folder, 'a.png'));
    fs.writeFileSync(Buffer.concat([Buffer.from(`${folder}/`), Buffer.from([0xff, 0xfe]), Buffer.from('.png')]), bytes);
    const { pictures, problems } = await imported();
    expect(pictures).toEqual([[1, null]]);
    expect(problems).toEqual([{ file: '\ufffd\ufffd.png', reason: 'has a name that is not valid Unicode; rename it' }]);
  });
});

describe('files that are no good', () => {
  test('are listed by name with the reason and left out; the others come in', async () => {
    await put('a.png', 1);
    await put('z.png', 2);
    putText('text.png', 'no pixels');
    putText('empty.jpg', '');
    putText('animation.gif', 'GIF89a');
    const noise = { type: 'gaussian' as const, mean: 128, sigma: 30 };
    const photo = sharp({ create: { width: 99, height: 99, channels: 3, background: '#888', noise } });
    const jpeg = await photo.jpeg().toBuffer();
    fs.writeFileSync(path.join(folder, 'cut.jpg'), jpeg.subarray(0, jpeg.length / 2));
    const { problems, pictures } = await imported();
    expect(pictures).toEqual([
      [1, null],
      [2, null],
    ]);
    expect(Object.fromEntries(problems.map(({ file, reason }) => [file, reason]))).toEqual({
      'animation.gif': "is of a kind that can't be imported; convert it to PNG, JPEG or WebP",
      'cut.jpg': expect.stringMatching(/^is damaged or cut off/u) as string,
      'empty.jpg': 'is empty',
      'text.png': 'is not a PNG, JPEG or WebP picture',
    });
  });

  test('may be all of a class: the class is left out and the others keep their pictures', async () => {
    await put('a/1.png', 1);
    putText('b/bad.png', 'x');
    await put('c/3.png', 3);
    const { classes, pictures, problems } = await imported();
    expect(classes).toEqual(['a', 'c']);
    expect(pictures).toEqual([
      [1, 'a'],
      [3, 'c'],
    ]);
    expect(problems.map(({ file }) => file)).toEqual(['b/bad.png', 'b']);
  });

  test('beyond a thousand are counted, not listed', async () => {
    await put('zz.png', 1);
    for (let i = 0; i < 1005; i++) putText(`${String(i).padStart(4, '0')}.png`, 'x');
    const { problems } = await imported();
    expect(problems.length).toBe(1001);
    expect(problems.at(-1)).toEqual({ file: '…', reason: 'and 5 more files were left out' });
  });

  test.skipIf(process.platform === 'win32')('that may not be read are listed, files and folders', async () => {
    await put('cats/a.png', 1);
    await put('cats/secret.png', 2);
    await put('dogs/b.png', 3);
    await put('closed/c.png', 4);
    fs.chmodSync(path.join(folder, 'cats/secret.png'), 0);
    fs.chmodSync(path.join(folder, 'closed'), 0);
    const { pictures, problems } = await asNobody(imported);
    fs.chmodSync(path.join(folder, 'closed'), 0o755); // or it could not be deleted
    expect(pictures).toEqual([
      [1, 'cats'],
      [3, 'dogs'],
    ]);
    expect(problems).toEqual([
      { file: 'closed', reason: "is a folder that can't be opened (permission denied)" },
      { file: 'cats/secret.png', reason: 'may not be read (permission denied)' },
    ]);
  });
});

describe.skipIf(process.platform === 'win32')('links', () => {
  test('to files inside the folder are followed', async () => {
    await put('cats/a.png', 1);
    await put('dogs/b.png', 2);
    fs.symlinkSync('../cats/a.png', path.join(folder, 'dogs/a.png'));
    expect((await imported()).pictures).toEqual([
      [1, 'cats'],
      [1, 'dogs'],
      [2, 'dogs'],
    ]);
  });

  test('that lead out of the folder are refused, by whatever way', async () => {
    await put('a.png', 1);
    const outside = path.join(base, 'pets-secret.png');
    fs.copyFileSync(path.join(folder, 'a.png'), outside);
    fs.symlinkSync(outside, path.join(folder, 'direct.png'));
    fs.symlinkSync('../pets-secret.png', path.join(folder, 'relative.png'));
    fs.symlinkSync('direct.png', path.join(folder, 'twice.png'));
    fs.symlinkSync(base, path.join(folder, 'whole'));
    fs.symlinkSync('/', path.join(folder, 'root.png'));
    const { pictures, problems } = await imported();
    expect(pictures).toEqual([[1, null]]);
    expect(problems.map(({ file }) => file).sort()).toEqual([
      'direct.png',
      'relative.png',
      'root.png',
      'twice.png',
      'whole',
    ]);
    for (const { reason } of problems) expect(reason).toContain('leads out of the folder');
  });

  test('that lead in a circle or nowhere end', async () => {
    await put('cats/a.png', 1);
    await put('dogs/a.png', 2);
    fs.symlinkSync('..', path.join(folder, 'cats/up'));
    fs.symlinkSync('.', path.join(folder, 'self'));
    fs.symlinkSync('loop.png', path.join(folder, 'cats/loop.png'));
    fs.symlinkSync('nothing', path.join(folder, 'cats/dangling.png'));
    const { pictures, problems } = await imported();
    expect(pictures.length).toBe(2);
    expect(Object.fromEntries(problems.map(({ file, reason }) => [file, reason]))).toEqual({
      self: 'is a link to a folder; only links to files are followed',
      'cats/up': 'is a link to a folder; only links to files are followed',
      'cats/loop.png': 'is a link that leads nowhere (it leads in a circle)',
      'cats/dangling.png': 'is a link that leads nowhere (it is not there)',
    });
  });

  test('to the folder itself: it may be named by a link', async () => {
    await put('a.png', 1);
    const link = path.join(base, 'link');
    fs.symlinkSync(folder, link);
    folder = link;
    expect((await imported()).pictures).toEqual([[1, null]]);
  });

  test('pipes are not waited for', async () => {
    await put('a.png', 1);
    execFileSync('mkfifo', [path.join(folder, 'pipe.png')]);
    expect((await imported()).problems).toEqual([{ file: 'pipe.png', reason: 'is not a regular file' }]);
  });
});

describe('an import that can come to nothing says what to do and leaves nothing', () => {
  test('an empty folder', async () => {
    expect(await failure('dataset')).toMatch(/no PNG, JPEG or WebP pictures in .*pets.*Pick a folder/u);
  });

  test('a folder without pictures, and why', async () => {
    putText('a.txt', 'x');
    expect(await failure('dataset')).toContain('There are no PNG');
    putText('b.gif', 'GIF89a');
    expect(await failure('dataset')).toContain("b.gif is of a kind that can't be imported");
  });

  test('a folder none of whose pictures can be read', async () => {
    putText('a.png', 'x');
    putText('b.png', 'y');
    expect(await failure('dataset')).toMatch(/None of the pictures.*a\.png is not a PNG.*and so on.*Pick/u);
  });

  test('a folder that is not there, or is a file', async () => {
    fs.rmdirSync(folder);
    expect(await failure('dataset')).toContain("can't be opened (it is not there)");
    fs.writeFileSync(folder, 'x');
    expect(await failure('dataset')).toContain("can't be opened (it is not a folder)");
  });

  test('a folder that was cancelled, early or in the midst', async () => {
    for (let i = 0; i < 40; i++) await put(`${i}.png`, i);
    for (const after of [0, 1, 20]) {
      let asked = 0;
      await expect(run(() => asked++ >= after)).rejects.toMatchObject({ code: 'cancelled' });
      expect(asked).toBeLessThan(after + 3);
      expect(fs.readdirSync(path.dirname(target))).toEqual([]);
    }
  });
});

test('progress counts every picture, good or bad, up to the last', async () => {
  for (let i = 0; i < 10; i++) await put(`${i}.png`, i);
  putText('bad.png', 'x');
  const heard: Progress[] = [];
  await run(never, (progress) => heard.push(progress));
  const reading = heard.filter(({ text }) => text.startsWith('Reading'));
  expect(reading.map(({ done }) => done)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
  expect(new Set(reading.map(({ total }) => total))).toEqual(new Set([11]));
});

test('names are spelled out for terminals and pages', () => {
  expect(printable('a\nb\u001b[31m\u202e\ud800')).toBe('a\\nb\\u001b[31m\\u202e\\ud800');
  expect(printable('👩‍🚀 é.png')).toBe('👩‍🚀 é.png');
});
