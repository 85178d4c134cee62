import { Compilation } from '../../contract/compilation.ts';

/** What this process is to compile, as `jobEnvironment` says. */
export function compilationNow(environment: Readonly<Record<string, string | undefined>> = process.env): Compilation {
  return Compilation.catch('none').parse(environment.EDM2_COMPILE);
}
