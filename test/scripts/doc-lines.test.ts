/** The pages that lead into the code: what they name is there, and the equations of the code are on them. */
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { declarationLine, withLines } from '../../scripts/lib/doc-lines.mjs';
import { root } from '../support/root.ts';

const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const readFromDocs = (path: string): string | null =>
  existsSync(join(root, 'docs', path)) ? read(join('docs', path)) : null;

/** Numbers after "Eq.", as in "Eq. 30 (pixel norm), 47 and 66" or "Eq. 134–143". */
const CITED = /Eq\. ((?:\d+(?:(?:–| to )\d+)?(?: \([^)]*\))?(?:, | and )?)+)/g;

/** Equations that a text cites, as "2312.02696 Eq. 30": each of the paper named last before it, at first of EDM2. */
function equationsOf(text: string): string[] {
  const papers = [...text.matchAll(/arXiv:(\d{4}\.\d{5})/g)];
  return [...text.matchAll(CITED)].flatMap((citation) => {
    const paper = papers.findLast(({ index }) => index < citation.index)?.[1] ?? '2312.02696';
    const numbers = citation[1]!.replaceAll(/\([^)]*\)/g, '');
    return [...numbers.matchAll(/(\d+)(?:(?:–| to )(\d+))?/g)].flatMap(([, first, last = first]) =>
      Array.from({ length: Number(last) - Number(first) + 1 }, (_, i) => `${paper} Eq. ${Number(first) + i}`),
    );
  });
}

/** Equations that the doc comments of a file cite. */
function equationsOfComments(source: string): string[] {
  const comments = source.match(/\/\*\*[^]*?\*\//g) ?? [];
  return comments.flatMap((comment) => equationsOf(comment.replaceAll(/\s*\n\s*\*\s*/g, ' ')));
}

const distinct = (names: readonly string[]): string[] => [...new Set(names)].sort();

test('links from equations lead to the lines that declare what they name', () => {
  const page = read('docs/equations.md');
  const { page: today, missing, count } = withLines(page, readFromDocs);
  expect(missing).toEqual([]);
  expect(count).toBeGreaterThan(60);
  expect(page.match(/#L\d+\)/g)).toHaveLength(count);
  expect(today === page, 'docs/equations.md has old line numbers: run "npm run docs:lines"').toBe(true);
});

test('the equations of the page are those that comments of the code cite', () => {
  const files = globSync(['native-worker/edm2/**/*.ts', 'contract/{power-function,post-hoc}*.ts'], { cwd: root });
  const cited = distinct(files.flatMap((file) => equationsOfComments(read(file))));
  expect(cited).toContain('2312.02696 Eq. 66');
  expect(distinct(equationsOf(read('docs/equations.md')))).toEqual(cited);
});

test('an equation belongs to the paper named before it, and lists and ranges are all of their numbers', () => {
  expect(equationsOf('arXiv:2312.02696, Eq. 30 (pixel norm), 47 and 66 (weights), with ε; Eq. 14–15.')).toEqual(
    [30, 47, 66, 14, 15].map((number) => `2312.02696 Eq. ${number}`),
  );
  expect(
    equationsOfComments('/** The rule.\n *\n * Source: EDM, arXiv:2206.00364, Alg. 2 and\n * Eq. 37 there. */'),
  ).toEqual(['2206.00364 Eq. 37']);
});

test('a link follows its symbol, and one whose symbol is gone is named', () => {
  const source = 'const other = 1;\n\nexport function found(): void {}\nexport function foundAgain(): void {}\n';
  expect(declarationLine(source, 'found')).toBe(3);
  const { page, missing } = withLines('[`found`](../a.ts#L1), [`lost`](../a.ts#L1), [`found`](../b.ts#L1)', (path) =>
    path === '../a.ts' ? source : null,
  );
  expect(page).toBe('[`found`](../a.ts#L3), [`lost`](../a.ts#L1), [`found`](../b.ts#L1)');
  expect(missing).toEqual(['lost in ../a.ts', 'found in ../b.ts']);
});

test('paths that docs/extending.md names are there', () => {
  const paths = [...read('docs/extending.md').matchAll(/`([\w.-]+\/[\w./-]*)`/g)].map(([, path]) => path!);
  expect(paths.length).toBeGreaterThan(40);
  expect(paths.filter((path) => !existsSync(join(root, path)))).toEqual([]);
});
