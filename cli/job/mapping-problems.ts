import { isIP } from 'node:net';
import type { estypes } from '@elastic/elasticsearch';

/** The ranges of the integer types ("Numeric field types" in Elasticsearch's documentation). */
const RANGES: Record<string, readonly [min: number, max: number]> = {
  byte: [-128, 127],
  short: [-32_768, 32_767],
  integer: [-(2 ** 31), 2 ** 31 - 1],
  long: [-(2 ** 63), 2 ** 63],
  unsigned_long: [0, 2 ** 64],
};

/** The largest values of the other numeric types. */
const LIMITS: Record<string, number> = {
  half_float: 65_504,
  float: 3.402_823_466e38,
  double: Number.MAX_VALUE,
};

/** The types of single values, as opposed to objects. */
const SCALAR = new Set([
  ...['binary', 'boolean', 'date', 'date_nanos', 'ip', 'keyword', 'match_only_text', 'text', 'version'],
  ...['wildcard', ...Object.keys(RANGES), ...Object.keys(LIMITS)],
]);

/**
 * Why Elasticsearch would refuse a value under its mapping, as far as this can be known without asking. Types that are
 * not checked here (dates as text, geo_point, types with parameters) pass.
 * @param path the value's name, e.g. `output`
 * @returns a sentence for each field; empty if nothing is known against the value
 */
export function mappingProblems(path: string, value: unknown, mapping: estypes.MappingProperty): string[] {
  if (value === null || value === undefined) return [];
  // An array of any field is a field with several values ("Arrays").
  if (Array.isArray(value)) return value.flatMap((each) => mappingProblems(path, each, mapping)).slice(0, 10);
  const type = mapping.type ?? 'object';
  const problem = (why: string) => [`${path} is mapped as ${type}, and ${why}`];
  if (type === 'object' || type === 'nested') {
    if (typeof value !== 'object') return problem(`${quote(value)} is not an object`);
    const properties = 'properties' in mapping ? (mapping.properties ?? {}) : {};
    return Object.entries(properties).flatMap(([name, inner]) =>
      mappingProblems(`${path}.${name}`, (value as Record<string, unknown>)[name], inner),
    );
  }
  if (!SCALAR.has(type)) return [];
  if (typeof value === 'object') return problem('an object is no such value');
  // Elasticsearch reads numbers in strings, and cuts fractions off (parameter `coerce`, on by default).
  const [min, max] = RANGES[type] ?? [-(LIMITS[type] ?? 0), LIMITS[type] ?? 0];
  if (type in RANGES || type in LIMITS) {
    const number = typeof value === 'boolean' || value === '' ? Number.NaN : Number(value);
    if (!Number.isFinite(number)) return problem(`${quote(value)} is not a number`);
    return number < min || number > max ? problem(`${quote(value)} is out of its range`) : [];
  }
  if (type === 'boolean' && ![true, false, 'true', 'false', ''].includes(value as boolean | string))
    return problem(`${quote(value)} is not a boolean`);
  if (type === 'ip' && isIP(String(value)) === 0) return problem(`${quote(value)} is not an IP address`);
  // Lucene's limit on a term; without `ignore_above` the document is refused ("Keyword type family").
  const bytes = Buffer.byteLength(String(value));
  if (type === 'keyword' && !('ignore_above' in mapping) && bytes > MAX_TERM_BYTES)
    return problem(`its ${bytes} bytes are more than ${MAX_TERM_BYTES}`);
  return [];
}

const MAX_TERM_BYTES = 32_766;

function quote(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length <= 60 ? text : `${text.slice(0, 59)}…`;
}
