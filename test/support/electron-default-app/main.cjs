// What a stock Electron does with `electron FOLDER`, for the test copy, which came without it.
const { app } = require('electron');
const { readFileSync } = require('node:fs');
const { join, resolve } = require('node:path');

const folder = process.argv.slice(1).find((argument) => !argument.startsWith('-'));
if (folder === undefined) {
  process.stderr.write('usage: electron FOLDER\n');
  app.exit(1);
} else {
  const path = resolve(folder);
  const description = JSON.parse(readFileSync(join(path, 'package.json'), 'utf8'));
  app.setAppPath(path);
  app.setName(description.productName ?? description.name);
  app.setVersion(description.version);
  require(join(path, description.main));
}
