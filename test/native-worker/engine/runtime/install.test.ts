import { execFileSync, spawn, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { compileBinding } from '../../../../native-worker/engine/runtime/binding.ts';
import { installRuntime, type InstallOptions } from '../../../../native-worker/engine/runtime/install.ts';
import { parseLock } from '../../../../native-worker/engine/runtime/lock.ts';
import { checkRuntime } from '../../../../native-worker/engine/runtime/manifest.ts';
import { until } from '../../../support/service-library.ts';
import { makeMachine, realPython, tensorflowFiles, type TestMachine } from '../../../support/wheels.ts';

let machine: TestMachine;
beforeEach(() => {
  machine = makeMachine();
});
afterEach(() => machine.remove());

const progress: string[] = [];

function install(changes: Partial<InstallOptions> = {}): Promise<void> {
  const { cache, project, lock, variables } = machine;
  progress.length = 0;
  return installRuntime({
    name: 'cpu',
    cache,
    project,
    lock,
    variables,
    onProgress: ({ text }) => progress.push(text),
    ...changes,
  });
}

const runtime = (...parts: string[]) => join(machine.cache, 'runtimes', 'cpu', ...parts);
const binding = () => join(machine.project, 'node_modules/@tensorflow/tfjs-node-gpu/lib/napi-v8/tfjs_binding.node');
const state = async (thorough = false) => (await checkRuntime(runtime(), machine.lock, { thorough })).state;

/** Nothing half-made may lie about after a failure, except wheels that are complete. */
/** The file that is locked while an install goes on may stay: its lock does not. */
function expectNothingHalfMade(): void {
  const mayStay = ['wheels', 'runtimes', 'install.held'];
  const left = existsSync(machine.cache) ? readdirSync(machine.cache).filter((name) => !mayStay.includes(name)) : [];
  expect(left).toEqual([]);
  expect(existsSync(join(machine.cache, 'wheels', 'incoming'))).toBe(false);
  expect(existsSync(runtime())).toBe(false);
  expect(existsSync(binding())).toBe(false);
}

test('an install takes the libraries out of the wheels, compiles the binding and leaves nothing else', async () => {
  await install();
  expect(await state(true)).toBe('ready');
  expect(readFileSync(runtime('lib/libtensorflow_cc.so.2'), 'utf8')).toBe(
    tensorflowFiles['tensorflow/libtensorflow_cc.so.2'],
  );
  expect(existsSync(runtime('nvidia/cublas/lib/libcublas.so.12'))).toBe(true);
  expect(existsSync(runtime('nvidia/cublas/include'))).toBe(false);
  expect(readFileSync(binding(), 'utf8')).toBe('binding');
  expect(readdirSync(machine.cache).sort()).toEqual(['bindings', 'install.held', 'runtimes']);
});

test('a second install does nothing', async () => {
  await install();
  await install();
  expect(machine.pipCalls()).toEqual(['tensorflow-cpu==2.21.0', 'nvidia-cublas-cu12==12.9.3.13']);
  expect(progress).toEqual([]);
});

test('a truncated wheel from an earlier attempt is fetched again, a complete one is not', async () => {
  const [first, second] = machine.lock.wheels;
  const wheels = join(machine.cache, 'wheels');
  mkdirSync(wheels, { recursive: true });
  for (const wheel of [first!, second!])
    writeFileSync(join(wheels, wheel.file), readFileSync(join(machine.index, wheel.file)));
  truncateSync(join(wheels, first!.file), first!.bytes - 100);
  await install();
  expect(machine.pipCalls()).toEqual(['tensorflow-cpu==2.21.0']);
  expect(await state()).toBe('ready');
});

test('a wheel of the right size with other contents is fetched again', async () => {
  const [, second] = machine.lock.wheels;
  mkdirSync(join(machine.cache, 'wheels'), { recursive: true });
  writeFileSync(join(machine.cache, 'wheels', second!.file), Buffer.alloc(second!.bytes));
  await install();
  expect(machine.pipCalls()).toHaveLength(2);
  expect(await state(true)).toBe('ready');
});

test('an index that serves another file than the lock names is refused', async () => {
  const wheels = machine.lock.wheels.map((wheel, i) => (i === 0 ? { ...wheel, sha256: 'a'.repeat(64) } : wheel));
  await expect(install({ lock: { ...machine.lock, wheels } })).rejects.toMatchObject({
    code: 'runtime',
    message: expect.stringMatching(/other contents than the lock file says/) as string,
  });
  expectNothingHalfMade();
});

test('an index that can not be reached is named, and what to do about it', async () => {
  const { PATH, HOME } = machine.variables;
  const variables = {
    PATH,
    HOME,
    PIP_CONFIG_FILE: '/dev/null',
    PIP_INDEX_URL: 'http://127.0.0.1:9/simple',
    PIP_RETRIES: '1',
  };
  await expect(install({ variables })).rejects.toMatchObject({
    code: 'runtime',
    message: expect.stringMatching(/can't be reached.*HTTPS_PROXY/) as string,
  });
  expectNothingHalfMade();
});

test('an index without the wheel is named', async () => {
  const variables = { ...machine.variables, PIP_FIND_LINKS: machine.root };
  await expect(install({ variables })).rejects.toMatchObject({
    code: 'runtime',
    message: expect.stringMatching(/has no tensorflow-cpu 2.21.0/) as string,
  });
});

test('a killed install is taken up where it was: complete wheels are kept', async () => {
  // pip hangs at the second wheel; the process that installs is then killed, as by a power cut.
  machine.program(
    'python3',
    `case "$*" in *cublas*) exec sleep 60;; esac\nfor a; do [ -f "$a" ] && grep -q cublas "$a" && exec /bin/sleep 60; done\nexec '${realPython}' "$@"`,
  );
  const script = join(machine.root, 'install.ts');
  const options = JSON.stringify({
    name: 'cpu',
    cache: machine.cache,
    project: machine.project,
    lock: machine.lock,
    variables: machine.variables,
  });
  const module = new URL('../../../../native-worker/engine/runtime/install.ts', import.meta.url).href;
  writeFileSync(
    script,
    `import { installRuntime } from '${module}';\nawait installRuntime({ ...${options}, onProgress: (p) => console.log(p.text) });`,
  );
  const child = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'inherit'], detached: true });
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
  await until(() => said.includes('cublas'));
  process.kill(-child.pid!, 'SIGKILL');
  expect(await state()).toBe('absent');
  expect(existsSync(join(machine.cache, 'install.held'))).toBe(true);

  machine.program(
    'python3',
    `for a; do case "$a" in */requirements.txt) cat "$a" >> '${join(machine.root, 'again')}';; esac; done\nexec '${realPython}' "$@"`,
  );
  await install();
  expect(await state(true)).toBe('ready');
  // pip may not be asked at all, if the kill came after the second wheel was whole too.
  const again = join(machine.root, 'again');
  expect(existsSync(again) ? readFileSync(again, 'utf8') : '').not.toContain('tensorflow-cpu');
});

test('an install can be cancelled, and leaves nothing half-made', async () => {
  const fetching = join(machine.root, 'fetching');
  const hang = `: > '${fetching}'; exec /bin/sleep 60`;
  machine.program('python3', `for a; do [ -f "$a" ] && { ${hang}; }; done\nexec '${realPython}' "$@"`);
  const stop = new AbortController();
  const running = install({ signal: stop.signal });
  await until(() => existsSync(fetching));
  stop.abort();
  await expect(running).rejects.toMatchObject({ code: 'cancelled' });
  expectNothingHalfMade();
});

test.each([
  ['truncated', 'lib/libtensorflow_cc.so.2', false],
  ['changed', 'nvidia/cublas/lib/libcublas.so.12', true],
])('a runtime with a %s library is noticed and fetched again', async (how, file, thorough) => {
  await install();
  if (how === 'truncated') truncateSync(runtime(file), 10);
  else writeFileSync(runtime(file), Buffer.alloc(statSync(runtime(file)).size, 1));
  expect(await state(thorough)).toBe('partial');
  await install({ thorough });
  expect(await state(true)).toBe('ready');
  expect(machine.pipCalls()).toHaveLength(4);
});

test('a runtime without its manifest is half-made, and one of another lock is out of date', async () => {
  await install();
  const other = parseLock(`linux-x64 tensorflow-cpu 2.22.0 x.whl 1 1 ${'b'.repeat(64)}`, 'cpu', 'linux-x64');
  expect((await checkRuntime(runtime(), other, { thorough: false })).problem).toMatch(
    /TensorFlow 2.21.0 of another lock/,
  );
  writeFileSync(runtime('manifest.json'), '{"format": "edm2-runt');
  expect((await checkRuntime(runtime(), machine.lock, { thorough: false })).problem).toMatch(/damaged/);
});

test('after a new installation of npm packages the binding comes back from the cache, without compiler or network', async () => {
  await install();
  rmSync(join(machine.project, 'node_modules/@tensorflow/tfjs-node-gpu/lib'), { recursive: true });
  for (const program of ['g++', 'python3']) machine.program(program, null);
  await install();
  expect(readFileSync(binding(), 'utf8')).toBe('binding');
});

test('a binding that was half copied is copied again', async () => {
  await install();
  truncateSync(binding(), 2);
  await install();
  expect(readFileSync(binding(), 'utf8')).toBe('binding');
});

test.each<[string, string, (m: TestMachine) => void, RegExp]>([
  ['Python', 'no-python', (m) => m.program('python3', null), /Python 3.10 or newer was not found/],
  ['a new Python', 'no-python', (m) => m.program('python3', 'echo 3.8.10'), /Python 3.10 or newer was not found/],
  ['pip', 'no-python', (m) => m.program('python3', `exec '${realPython}' -S "$@"`), /has no pip.*python3-pip/],
  ['a compiler', 'no-compiler', (m) => m.program('g++', null), /A C\+\+ compiler was not found.*apt install g\+\+/],
])('without %s an install says so before it downloads anything', async (_what, code, take, message) => {
  take(machine);
  await expect(install()).rejects.toMatchObject({ code, message: expect.stringMatching(message) as string });
  expect(machine.pipCalls()).toEqual([]);
  expectNothingHalfMade();
});

test('a disk with too little room is refused beforehand, with both numbers', async () => {
  const free = () => Promise.resolve(123e6);
  await expect(install({ free })).rejects.toMatchObject({
    code: 'no-space',
    message: expect.stringMatching(/needs \d+ MB in .*, where 123 MB are free: make room, or set EDM2_CACHE/) as string,
  });
  expect(machine.pipCalls()).toEqual([]);
  expectNothingHalfMade();
});

test('a compiler that fails leaves the wheels for the next attempt and says its first error', async () => {
  const compiler = join(machine.root, 'compiler.cjs');
  const good = readFileSync(compiler, 'utf8');
  const bad = "if (!process.argv.includes('--version')) { console.error('x.cc:1:1: error: concepts are not supported'); process.exit(1); }";
  writeFileSync(compiler, bad);
  await expect(install()).rejects.toMatchObject({
    code: 'runtime',
    message: expect.stringMatching(/concepts are not supported.*g\+\+ 10/) as string,
  });
  expectNothingHalfMade();
  writeFileSync(compiler, good);
  await install();
  expect(machine.pipCalls()).toHaveLength(2);
});

test.each(['ca che', `it's "a" $HOME #1`])('the binding is compiled in a cache folder called %j', async (name) => {
  const cache = join(machine.root, name);
  await install({ cache });
  expect(readFileSync(binding(), 'utf8')).toBe('binding');
});

test('a cache folder that the loader of libraries would take for two is refused with its character', async () => {
  await expect(install({ cache: join(machine.root, 'a:b') })).rejects.toMatchObject({
    code: 'runtime',
    message: expect.stringMatching(/a:b: ":" ends a folder's name.*Set EDM2_CACHE/) as string,
  });
  expect(machine.pipCalls()).toEqual([]);
});

const hasCompiler = process.platform === 'linux' && spawnSync('g++', ['--version']).status === 0;

test.runIf(hasCompiler)('a real compiler makes a binding that loads, whatever the folders are called', async () => {
  const odd = join(machine.root, `it's "a" $HOME #1`);
  const [tfjs, headers, libraries] = ['tfjs', 'headers', 'libraries'].map((name) => join(odd, name)) as [string, string, string];
  for (const folder of [join(tfjs, 'binding'), headers, libraries]) mkdirSync(folder, { recursive: true });
  const source = '#include <node_api.h>\n#include "answer.h"\nint answer();\n' +
    'NAPI_MODULE_INIT() { napi_value v; napi_create_int32(env, OFFSET + answer(), &v); return v; }';
  writeFileSync(join(headers, 'answer.h'), '#define OFFSET 1\n');
  writeFileSync(join(tfjs, 'binding/tfjs_binding.cc'), source);
  writeFileSync(join(tfjs, 'binding/tfjs_backend.cc'), '');
  writeFileSync(join(odd, 'library.cc'), 'int answer() { return 41; }');
  for (const name of ['libtensorflow_cc.so.2', 'libtensorflow_framework.so.2'])
    execFileSync('g++', ['-shared', '-fPIC', '-o', join(libraries, name), join(odd, 'library.cc')]);
  const place = { package: tfjs, cached: join(odd, 'cached') };
  await compileBinding({ place, libraries, headers, work: join(odd, 'work'), python: 'python3' });
  const module = join(place.cached, 'tfjs_binding.node');
  const load = ['-e', 'process.stdout.write(String(require(process.argv[1])))', module];
  expect(execFileSync(process.execPath, load, { encoding: 'utf8' })).toBe('42');
  expect(readdirSync(odd).sort()).toEqual(['cached', 'headers', 'libraries', 'library.cc', 'tfjs']);
});

test('two installs at once do the work once', async () => {
  await Promise.all([install(), install()]);
  expect(machine.pipCalls()).toHaveLength(2);
  expect(await state(true)).toBe('ready');
});

test('a cache folder that can not be made is named', async () => {
  writeFileSync(join(machine.root, 'file'), '');
  await expect(install({ cache: join(machine.root, 'file', 'cache') })).rejects.toMatchObject({ code: 'forbidden' });
});
