/**
 * Formats of what is stored as JSON. Earlier ones are read as today's, once, where stored text is read: columns of the
 * index, and what a snapshot file says of its network. Calls and their answers know today's names alone.
 */

/** Format of a run's configuration (`RunConfig.version`). Raised whenever an older version could not read it. */
export const CONFIG_FORMAT = 3;

/** Today's names of what was called otherwise until configuration format 2. */
const RENAMED: Readonly<Record<string, string>> = { ladder: 'switches', emaStd: 'sigmaRel', emaStds: 'sigmaRels' };

/** Today's name of a field, by that or an earlier one. */
export function todaysName(name: string): string {
  return Object.hasOwn(RENAMED, name) ? RENAMED[name]! : name;
}

/** Stored JSON in today's form, whatever version wrote it. What is in it already comes out as it is. */
export function upgraded(stored: unknown): unknown {
  if (Array.isArray(stored)) return stored.map(upgraded);
  if (typeof stored !== 'object' || stored === null) return stored;
  const fields = Object.entries(stored).map(([name, value]) => [todaysName(name), upgraded(value)] as const);
  const isConfig = 'network' in stored && 'training' in stored && 'version' in stored;
  const isEarlier = isConfig && typeof stored.version === 'number' && stored.version < CONFIG_FORMAT;
  return { ...Object.fromEntries(fields), ...(isEarlier ? { version: CONFIG_FORMAT } : {}) };
}

/** Who wrote a configuration that this version can't know, to be said after "it"; null: it can. */
export function newerFormat(stored: unknown): string | null {
  const version = typeof stored === 'object' && stored !== null && 'version' in stored ? stored.version : null;
  if (typeof version !== 'number' || version <= CONFIG_FORMAT) return null;
  return `was written by a newer EDM2 Studio (format ${version}, this one knows ${CONFIG_FORMAT})`;
}
