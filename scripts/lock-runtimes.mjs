/**
 * Writes runtime/cpu.lock and runtime/cuda12.lock anew: lets pip resolve the packages below, downloads every wheel and
 * notes its size, what we take out of it, and its SHA-256; and runtime/cuda12.device.json, what its library computes on
 * cards. For maintainers, when TensorFlow's version changes (4 GB):
 *
 *     node_modules/.bin/node scripts/lock-runtimes.mjs FOLDER_FOR_WHEELS [device]
 *
 * With "device" only the last file is written, from TensorFlow's wheel in the folder.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { basename, join } from 'node:path';
import koffi from 'koffi';
import { placeInRuntime } from '../native-worker/engine/runtime/layout.ts';
import { hashFile } from '../native-worker/engine/runtime/wheels.ts';
import { listZip } from '../native-worker/engine/runtime/zip.ts';
import { compiledFor, kernelsFor } from './lib/device-code.mjs';

const TENSORFLOW = '2.21.0';

/** cp311 only names the wheel: we take its libraries, no Python ever loads them. */
const PYTHON = '3.11';

const manylinux = [28, 27, 25, 24, 17, 12, 5].map((minor) => `manylinux_2_${minor}_x86_64`);
const linux = [...manylinux, 'manylinux2014_x86_64', 'manylinux2010_x86_64'];

const locks = {
  cpu: [
    { platform: 'linux-x64', tags: linux, requirement: `tensorflow-cpu==${TENSORFLOW}` },
    { platform: 'darwin-arm64', tags: ['macosx_12_0_arm64'], requirement: `tensorflow==${TENSORFLOW}` },
    { platform: 'win32-x64', tags: ['win_amd64'], requirement: `tensorflow==${TENSORFLOW}` },
  ],
  cuda12: [{ platform: 'linux-x64', tags: linux, requirement: `tensorflow[and-cuda]==${TENSORFLOW}` }],
};

const folder = process.argv[2];
if (folder === undefined) throw new Error('Name a folder for the wheels (4 GB).');
mkdirSync(folder, { recursive: true });

/** Runs pip. */
function pip(...args) {
  execFileSync('python3', ['-m', 'pip', ...args], { stdio: ['ignore', 'ignore', 'inherit'] });
}

/** The wheels that pip picks: TensorFlow's own, and NVIDIA's where they are asked for; never Python's libraries. */
async function resolve({ platform, tags, requirement }) {
  const target = [
    '--only-binary=:all:',
    '--implementation',
    'cp',
    '--python-version',
    PYTHON,
    ...tags.flatMap((tag) => ['--platform', tag]),
  ];
  const withDependencies = requirement.includes('[') ? [] : ['--no-deps'];
  const report = join(folder, `${platform}.json`);
  pip(
    'install',
    '--quiet',
    '--dry-run',
    '--ignore-installed',
    '--report',
    report,
    '--target',
    join(folder, 'none'),
    ...target,
    ...withDependencies,
    requirement,
  );
  const found = JSON.parse(readFileSync(report, 'utf8'));
  const wanted = found.install.filter((one) => /^(tensorflow(_cpu)?|nvidia-)/.test(one.metadata.name));
  const lines = [];
  for (const { metadata, download_info: from } of wanted) {
    const file = basename(new URL(from.url).pathname);
    const path = join(folder, file);
    const name = metadata.name.replaceAll('_', '-');
    if (!existsSync(path))
      pip(
        'download',
        '--quiet',
        '--no-deps',
        '--no-cache-dir',
        '--dest',
        folder,
        ...target,
        `${name}==${metadata.version}`,
      );
    const sha256 = await hashFile(path);
    if (sha256 !== from.archive_info.hashes.sha256) throw new Error(`${file} is not what the index promised`);
    lines.push(
      [platform, name, metadata.version, file, statSync(path).size, await unpackedBytes(path, platform), sha256].join(
        ' ',
      ),
    );
    process.stdout.write(`${lines.at(-1)}\n`);
  }
  return lines;
}

/** Bytes of the files that an installation takes out of a wheel. */
async function unpackedBytes(path, platform) {
  const archive = await open(path);
  const entries = await listZip(archive);
  await archive.close();
  return entries.reduce(
    (sum, entry) => sum + (placeInRuntime(entry.name, platform.split('-')[0]) === null ? 0 : entry.bytes),
    0,
  );
}

for (const [name, parts] of process.argv[3] === 'device' ? [] : Object.entries(locks)) {
  const lines = [];
  for (const part of parts) lines.push(...(await resolve(part)));
  const head = [
    `# The wheels of the runtime "${name}", as scripts/lock-runtimes.mjs wrote them.`,
    '# platform package version file bytes unpacked sha256',
  ];
  writeFileSync(new URL(`../runtime/${name}.lock`, import.meta.url), `${[...head, ...lines].join('\n')}\n`);
}

writeDeviceCode(readFileSync(new URL('../runtime/cuda12.lock', import.meta.url), 'utf8'));
// TensorFlow's library crashes when it is unloaded, so this process ends without that.
koffi.load('libc.so.6').func('void _exit(int status)')(0);

/** Reads what the library of the runtime for cards can compute there, out of its wheel. */
function writeDeviceCode(lock) {
  const wheel = /^linux-x64 tensorflow \S+ (\S+)/m.exec(lock)[1];
  const libraries = join(folder, 'libraries');
  const names = ['libtensorflow_cc.so.2', 'libtensorflow_framework.so.2'];
  execFileSync('unzip', ['-qjo', join(folder, wheel), ...names.map((name) => `tensorflow/${name}`), '-d', libraries]);
  const { machineCode, portable } = compiledFor(join(libraries, names[0]));
  const kernels = Object.entries(kernelsFor(libraries)).map(
    ([op, each]) => `    ${JSON.stringify(op)}: ${JSON.stringify(each)}`,
  );
  const fields = { tensorflow: TENSORFLOW, machineCode, portable };
  const head = Object.entries(fields).map(([name, value]) => `  ${JSON.stringify(name)}: ${JSON.stringify(value)}`);
  const text = `{\n${[...head, `  "kernels": {\n${kernels.join(',\n')}\n  }`].join(',\n')}\n}\n`;
  writeFileSync(new URL('../runtime/cuda12.device.json', import.meta.url), text);
}
