/** Imports point one way; the table is in docs/architecture.md. */
const only = (folder, allowed) => ({
  name: `${folder.replace('/', '-')}-imports`,
  severity: 'error',
  from: { path: `^${folder}/` },
  to: {
    path: '^(contract|main|renderer|native-worker|scripts|test)/',
    pathNot: [folder, ...allowed].map((p) => `^${p}`),
  },
});

module.exports = {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    only('contract', []),
    only('renderer', ['contract/']),
    only('main', ['contract/', 'native-worker/client/']),
    only('native-worker/client', ['contract/']),
    only('native-worker/system', ['contract/']),
    only('native-worker/edm2', ['contract/']),
    only('native-worker/engine', ['contract/', 'native-worker/system/']),
    only('native-worker/programs', ['contract/', 'native-worker/edm2/', 'native-worker/engine/']),
    only('native-worker/data', ['contract/', 'native-worker/store/']),
    only('native-worker/store', ['contract/', 'native-worker/system/']),
    only('native-worker/jobs', [
      'contract/',
      'native-worker/edm2/',
      'native-worker/engine/',
      'native-worker/programs/',
      'native-worker/data/',
      'native-worker/store/',
      'native-worker/system/',
    ]),
    only('native-worker/service', [
      'contract/',
      'native-worker/client/',
      'native-worker/system/',
      'native-worker/store/',
      'native-worker/data/',
      'native-worker/engine/runtime/',
    ]),
    only('native-worker/reference', [
      'contract/',
      'native-worker/edm2/',
      'native-worker/engine/',
      'native-worker/programs/',
      'native-worker/store/',
    ]),
    only('native-worker/cli', [
      'contract/',
      'native-worker/client/',
      'native-worker/system/',
      'native-worker/service/',
      'native-worker/engine/runtime/',
    ]),
    {
      name: 'service-never-loads-tensorflow',
      comment: 'The service answers at once, always; TensorFlow lives in job processes.',
      severity: 'error',
      from: { path: '^native-worker/(client|system|service|store|data|cli)/' },
      to: { path: 'node_modules/@tensorflow' },
    },
    {
      name: 'edm2-is-pure',
      comment: 'The paper in code: tensors in, tensors out. No files, no clock, no process.',
      severity: 'error',
      from: { path: '^native-worker/edm2/' },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'contract-runs-everywhere',
      severity: 'error',
      from: { path: '^contract/' },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'renderer-is-a-web-page',
      severity: 'error',
      from: { path: '^renderer/' },
      to: { dependencyTypes: ['core'] },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(dist|release|node_modules/(?!@tensorflow))' },
    enhancedResolveOptions: {
      extensions: ['.ts', '.svelte', '.mjs', '.js', '.cjs'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
};
