import * as z from 'zod';
import { RunConfig } from './training.ts';

/** A single value of a run's configuration, as its schema says it. */
export interface ConfigSetting {
  /** Names joined by dots, as `--set` takes them ("training.learningRate"). */
  readonly path: string;
  readonly kind: 'number' | 'flag' | 'text' | 'choice';
  /** It is a list of such values. */
  readonly list: boolean;
  /** What a choice may be; null: it is none. */
  readonly choices: readonly string[] | null;
}

interface Node {
  type?: string;
  properties?: Record<string, Node>;
  anyOf?: Node[];
  items?: Node;
  enum?: unknown[];
}

let known: readonly ConfigSetting[] | null = null;

/** Every setting of `RunConfig` but its format and preset, in the schema's order. */
export function configSettings(): readonly ConfigSetting[] {
  known ??= Object.entries((z.toJSONSchema(RunConfig, { io: 'input' }) as Node).properties ?? {})
    .filter(([name]) => name !== 'version' && name !== 'preset')
    .flatMap(([name, node]) => leaves(node, name));
  return known;
}

/** The value at a path; null: it is not set. */
export function settingOf(config: RunConfig, path: string): unknown {
  let value: unknown = config;
  for (const name of path.split('.')) value = (value as Record<string, unknown> | null | undefined)?.[name];
  return value ?? null;
}

/** A configuration with another value at a path, unchecked: whoever needs one that makes sense parses it. */
export function withSetting(config: unknown, path: string, value: unknown): unknown {
  const [name = '', ...rest] = path.split('.');
  const record = config as Readonly<Record<string, unknown>>;
  return { ...record, [name]: rest.length === 0 ? value : withSetting(record[name], rest.join('.'), value) };
}

function leaves(node: Node, path: string): ConfigSetting[] {
  if (node.properties !== undefined)
    return Object.entries(node.properties).flatMap(([name, inner]) => leaves(inner, `${path}.${name}`));
  const value = node.anyOf?.find(({ type }) => type !== 'null') ?? node;
  const list = value.type === 'array';
  const item = list ? (value.items ?? {}) : value;
  if (item.enum !== undefined) return [{ path, kind: 'choice', list, choices: item.enum.map(String) }];
  const kind = item.type === 'boolean' ? 'flag' : item.type === 'string' ? 'text' : 'number';
  return [{ path, kind, list, choices: null }];
}
