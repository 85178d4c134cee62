import * as z from 'zod';
import { RunConfig } from '../../../contract/training.ts';
import { count } from '../../lib/format.ts';

/** What the contract says about one value of the run's config, read from the schema itself. */
export interface Range {
  /** `integer` and `number` may be inside a list (`list`) or may be left empty (`optional`). */
  readonly type: 'integer' | 'number' | 'boolean';
  readonly list: boolean;
  /** null is allowed and means "decide for me" or "never". */
  readonly optional: boolean;
  readonly minimum: number | null;
  readonly maximum: number | null;
  /** The minimum or maximum itself is not allowed. */
  readonly openBelow: boolean;
  readonly openAbove: boolean;
  readonly minItems: number;
  readonly maxItems: number;
}

interface Node {
  type?: string;
  properties?: Record<string, Node>;
  anyOf?: Node[];
  items?: Node;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  exclusiveMaximum?: number;
  minItems?: number;
  maxItems?: number;
}

const schema = z.toJSONSchema(RunConfig, { io: 'input' }) as Node;

/**
 * The range of a value of RunConfig.
 *
 * @param path names joined by dots ("training.batchSize")
 * @throws {Error} if the config has no such value: a mistake in the table of fields
 */
export function rangeOf(path: string): Range {
  let node: Node | undefined = schema;
  for (const name of path.split('.')) node = node?.properties?.[name];
  if (!node) throw new Error(`the config has no value ${path}`);
  const optional = node.anyOf?.some((branch) => branch.type === 'null') ?? false;
  const value = node.anyOf?.find((branch) => branch.type !== 'null') ?? node;
  const item = value.type === 'array' ? value.items! : value;
  const minimum = item.exclusiveMinimum ?? item.minimum ?? null;
  const maximum = item.exclusiveMaximum ?? item.maximum ?? null;
  return {
    type: item.type === 'integer' || item.type === 'boolean' ? item.type : 'number',
    list: value.type === 'array',
    optional,
    minimum,
    // JavaScript's largest exact integer is zod's way to say that there is no limit.
    maximum: maximum === Number.MAX_SAFE_INTEGER ? null : maximum,
    openBelow: item.exclusiveMinimum !== undefined,
    openAbove: item.exclusiveMaximum !== undefined,
    minItems: value.minItems ?? 0,
    maxItems: value.maxItems ?? Infinity,
  };
}

/** A number of a config as people write it: 10000000 becomes 10,000,000; 12^-1/2 becomes 0.2887; 1e-8 stays. */
export function plain(value: number): string {
  if (value === 2 ** 40) return '2⁴⁰';
  if (value !== 0 && (Math.abs(value) < 1e-4 || Math.abs(value) >= 1e12))
    return value.toExponential().replace('e+', 'e');
  if (Number.isInteger(value)) return count(value);
  return String(Number(value.toPrecision(4)));
}

/** The range in words: "1 to 4096", "more than 0, at most 1", "0 or more". Empty for switches. */
export function rangeWords(range: Range): string {
  if (range.type === 'boolean') return '';
  const { minimum, maximum } = range;
  let words: string;
  if (minimum !== null && maximum !== null) {
    if (!range.openBelow && !range.openAbove) words = `${plain(minimum)} to ${plain(maximum)}`;
    else {
      const low = range.openBelow ? `more than ${plain(minimum)}` : `at least ${plain(minimum)}`;
      words = `${low}, ${range.openAbove ? 'less than' : 'at most'} ${plain(maximum)}`;
    }
  } else if (minimum !== null) words = range.openBelow ? `more than ${plain(minimum)}` : `${plain(minimum)} or more`;
  else if (maximum !== null) words = `${range.openAbove ? 'less than' : 'at most'} ${plain(maximum)}`;
  else words = 'any number';
  if (!range.list) return words;
  const items = range.minItems > 0 ? `${range.minItems} to ${range.maxItems}` : `up to ${range.maxItems}`;
  return `${items} values, each ${words}`;
}
