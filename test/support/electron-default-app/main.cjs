// What a stock Electron does with `electron [-r FILE] FOLDER`, for the test copy, which came without it.
const { app } = require('electron');
const { readFileSync } = require('node:fs');
const { join, resolve } = require('node:path');

const preloads = [];
let folder;
for (let index = 1; index < process.argv.length && folder === undefined; index++) {
  const argument = process.argv[index];
  if (argument === '-r') preloads.push(process.argv[++index]);
  else if (!argument.startsWith('-')) folder = argument;
}

if (folder === undefined) {
  process.stderr.write('usage: electron [-r FILE] FOLDER\n');
  app.exit(1);
} else {
  const path = resolve(folder);
  const description = JSON.parse(readFileSync(join(path, 'package.json'), 'utf8'));
  app.setAppPath(path);
  app.setName(description.productName ?? description.name);
  app.setVersion(description.version);
  for (const preload of preloads) require(preload);
  require(join(path, description.main));
}
