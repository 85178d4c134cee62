/** Little wheels that pip takes for real ones, and a machine to install them on that tests can break. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseLock, type RuntimeLock } from '../../native-worker/engine/runtime/lock.ts';
import { placeInRuntime } from '../../native-worker/engine/runtime/layout.ts';

/** The Python that the tests run, behind whatever pyenv or alternatives put before it. */
export const realPython = execFileSync('python3', ['-c', 'import sys; print(sys.executable)'], {
  encoding: 'utf8',
}).trim();

const writeWheel = `
import json, sys, zipfile
path, name, version, files = sys.argv[1], sys.argv[2], sys.argv[3], json.load(sys.stdin)
info = f"{name.replace('-', '_')}-{version}.dist-info"
files[f"{info}/METADATA"] = f"Metadata-Version: 2.1\\nName: {name}\\nVersion: {version}\\n"
files[f"{info}/WHEEL"] = "Wheel-Version: 1.0\\nGenerator: test\\nRoot-Is-Purelib: false\\nTag: cp311-cp311-manylinux_2_27_x86_64\\n"
files[f"{info}/RECORD"] = ""
with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as wheel:
    for name, text in files.items():
        wheel.writestr(name, text)
`;

/** Has Python's own zipfile write a wheel; returns its line for a lock file. */
export function makeWheel(folder: string, name: string, version: string, files: Record<string, string>): string {
  const file = `${name.replaceAll('-', '_')}-${version}-cp311-cp311-manylinux_2_27_x86_64.whl`;
  const path = join(folder, file);
  execFileSync(realPython, ['-c', writeWheel, path, name, version], { input: JSON.stringify(files) });
  const unpacked = Object.entries(files).reduce(
    (sum, [one, text]) => sum + (placeInRuntime(one, 'linux') === null ? 0 : text.length),
    0,
  );
  const sha256 = createHash('sha256').update(readFileSync(path)).digest('hex');
  return `linux-x64 ${name} ${version} ${file} ${statSync(path).size} ${unpacked} ${sha256}`;
}

/** What the little TensorFlow wheel holds. */
export const tensorflowFiles: Record<string, string> = {
  'tensorflow/libtensorflow_cc.so.2': 'library '.repeat(300_000), // 2.4 MB: larger than what is read at once
  'tensorflow/libtensorflow_framework.so.2': 'framework '.repeat(1000),
  'tensorflow/include/tensorflow/c/c_api.h': '// header\n',
  'tensorflow/include/empty.h': '',
  'tensorflow/python/__init__.py': '# not needed\n',
};

const nvidiaFiles: Record<string, string> = {
  'nvidia/cublas/lib/libcublas.so.12': 'cublas '.repeat(1000),
  'nvidia/cublas/include/cublas.h': '// not needed\n',
};

/** Stands for a C++ compiler: checks that what it was given is there, makes a file. */
const fakeCompiler = `
const fs = require('node:fs'), path = require('node:path');
const args = process.argv.slice(2);
if (args.includes('--version')) { console.log('g++ 12.2.0'); process.exit(0); }
const folders = args.flatMap((one, index) => (one === '-I' ? [args[index + 1]] : []));
for (const needed of ['node_api.h', 'tensorflow/c/c_api.h', 'binding/tfjs_backend.h'])
  if (!folders.some((folder) => fs.existsSync(path.join(folder, needed)))) { console.error('error: missing ' + needed); process.exit(1); }
const output = args[args.indexOf('-o') + 1];
for (const file of args.filter((one) => path.isAbsolute(one) && one !== output))
  if (!fs.existsSync(file)) { console.error('error: missing ' + file); process.exit(1); }
fs.writeFileSync(output, 'binding');
`;

export interface TestMachine {
  readonly root: string;
  readonly cache: string;
  readonly project: string;
  /** Where pip finds wheels instead of PyPI. */
  readonly index: string;
  readonly lock: RuntimeLock;
  readonly variables: NodeJS.ProcessEnv;
  /** The wheels that pip was asked for, in order. */
  pipCalls(): string[];
  /** Replaces a program of the machine by a shell script; null removes it. */
  program(name: string, script: string | null): void;
  remove(): void;
}

/** A machine with Python and a compiler, an index of two wheels, and a project without a binding. */
export function makeMachine(): TestMachine {
  const root = mkdtempSync(join(tmpdir(), 'edm2-machine-'));
  const [bin, cache, project, index] = ['bin', 'cache', 'project', 'index'].map((name) => join(root, name)) as [
    string,
    string,
    string,
    string,
  ];
  for (const folder of [bin, index]) mkdirSync(folder);
  const lines = [
    makeWheel(index, 'tensorflow-cpu', '2.21.0', tensorflowFiles),
    makeWheel(index, 'nvidia-cublas-cu12', '12.9.3.13', nvidiaFiles),
  ];

  const tfjs = join(project, 'node_modules', '@tensorflow', 'tfjs-node-gpu');
  mkdirSync(join(tfjs, 'binding'), { recursive: true });
  writeFileSync(join(tfjs, 'package.json'), '{"version":"4.22.0"}');
  for (const name of ['tfjs_backend.cc', 'tfjs_backend.h', 'tfjs_binding.cc'])
    writeFileSync(join(tfjs, 'binding', name), '');
  const compiler = join(root, 'compiler.cjs');
  writeFileSync(compiler, fakeCompiler);

  const calls = join(root, 'pip-calls');
  const machine: TestMachine = {
    root,
    cache,
    project,
    index,
    lock: parseLock(lines.join('\n'), 'cpu', 'linux-x64'),
    variables: { PATH: bin, HOME: root, PIP_NO_INDEX: '1', PIP_FIND_LINKS: index, PIP_CONFIG_FILE: '/dev/null' },
    pipCalls: () => (existsSync(calls) ? readFileSync(calls, 'utf8').trim().split('\n') : []),
    program(name, script) {
      const path = join(bin, name);
      if (script === null) {
        rmSync(path, { force: true });
        return;
      }
      writeFileSync(path, `#!/bin/sh\n${script}\n`);
      chmodSync(path, 0o755);
    },
    remove: () => rmSync(root, { recursive: true, force: true }),
  };
  const note = `for a; do case "$a" in */requirements.txt) read -r line < "$a"; echo "\${line%% *}" >> '${calls}';; esac; done`;
  machine.program('python3', `${note}\nexec '${realPython}' "$@"`);
  machine.program('g++', `exec '${process.execPath}' '${compiler}' "$@"`);
  return machine;
}
