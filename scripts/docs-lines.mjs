/** `npm run docs:lines`: puts today's line numbers into the links of docs/equations.md. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { withLines } from './lib/doc-lines.mjs';
import { root } from './lib/project.mjs';
import { main } from './lib/run.mjs';

await main(async () => {
  const file = join(root, 'docs', 'equations.md');
  const { page, missing, count } = withLines(readFileSync(file, 'utf8'), (path) => {
    const target = join(root, 'docs', path);
    return existsSync(target) ? readFileSync(target, 'utf8') : null;
  });
  writeFileSync(file, page);
  process.stdout.write(`${count} links\n`);
  for (const link of missing) process.stderr.write(`not found: ${link}\n`);
  return missing.length === 0 ? 0 : 1;
});
