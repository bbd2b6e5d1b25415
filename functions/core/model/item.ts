import { reasonFrom } from './errors.ts';

/** What one job is about: its item, or why the item cannot be used. A job without an item becomes a dead letter. */
export type ItemEntry = { item: unknown } | { problem: string };

/** Maximum size of an item or an output, in characters of JSON. A bulk of 100 such documents stays below Elasticsearch's 100 MB. */
export const MAX_JSON_CHARACTERS = 256_000;

/** Why a value cannot be stored as JSON, or undefined if it can. @param what the value's name, e.g. `output` */
export function jsonProblem(what: string, value: unknown): string | undefined {
  // Fast path: many jobs take and return numbers.
  if (Number.isFinite(value)) return undefined;
  let json: string | undefined;
  try {
    json = JSON.stringify(value);
  } catch (thrown) {
    return `its ${what} cannot be written as JSON: ${reasonFrom(thrown)}`;
  }
  if (json === undefined || typeof value === 'number')
    return `its ${what} is not a JSON value: ${String(value)}`;
  if (json.length > MAX_JSON_CHARACTERS)
    return `its ${what} is too large: ${json.length} characters of JSON, at most ${MAX_JSON_CHARACTERS}`;
  return undefined;
}
