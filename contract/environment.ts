/**
 * The environment variables that our processes hand on, in one list: where things are, the language, which graphics
 * cards may be used, how to reach package indexes. Everything else stays behind: it may hold secrets, Electron's own
 * variables, or settings of other programs' TensorFlow and CUDA.
 */

/** A job is a child of the service, so it can only inherit what the service did. */
type Heir = 'service' | 'job';

/** The process furthest down that gets each variable. */
const variables: Readonly<Record<string, Heir>> = {
  PATH: 'job',
  HOME: 'job',
  USER: 'job',
  LOGNAME: 'job',
  LANG: 'job',
  LC_ALL: 'job',
  TZ: 'job',
  TMPDIR: 'job',
  TEMP: 'job',
  TMP: 'job',
  XDG_DATA_HOME: 'job',
  XDG_CACHE_HOME: 'job',
  XDG_RUNTIME_DIR: 'job',
  EDM2_LIBRARY: 'job',
  EDM2_CACHE: 'job',
  EDM2_RUNTIME: 'service',
  EDM2_PYTHON: 'service',
  // Which cards may be used. Their order is not handed on: it is nvidia-smi's everywhere (`jobEnvironment`).
  CUDA_VISIBLE_DEVICES: 'job',
  // The driver's own libraries may be found there only; a job gets it with TensorFlow's folders in front.
  LD_LIBRARY_PATH: 'service',
  DYLD_LIBRARY_PATH: 'service',
  HTTPS_PROXY: 'service',
  https_proxy: 'service',
  NO_PROXY: 'service',
  no_proxy: 'service',
  PIP_INDEX_URL: 'service',
  PIP_EXTRA_INDEX_URL: 'service',
  PIP_CERT: 'service',
  SSL_CERT_FILE: 'service',
  // Windows can't start a process without these.
  SystemRoot: 'job',
  SystemDrive: 'job',
  USERPROFILE: 'job',
  APPDATA: 'job',
  LOCALAPPDATA: 'job',
  PATHEXT: 'job',
  COMSPEC: 'job',
};

/** What a process of ours inherits out of its parent's environment. */
export function inheritedEnvironment(
  heir: Heir,
  parent: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  const environment: Record<string, string> = {};
  for (const [name, furthest] of Object.entries(variables)) {
    const value = parent[name];
    if (value !== undefined && (heir === 'service' || furthest === 'job')) environment[name] = value;
  }
  return environment;
}
