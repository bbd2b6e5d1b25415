import { InvalidArgumentError } from 'commander';
import { RUN_ID } from '../../functions/core/model/ids.ts';
import { UsageError } from './errors.ts';
import { count } from './figures.ts';
import { parseDuration } from './times.ts';

/** Reads a whole number of a range; for commander. */
export function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= least && value <= most) return value;
    throw new InvalidArgumentError(`It must be a whole number from ${count(least)} to ${count(most)}.`);
  };
}

/** Reads `1,2,4`: whole numbers of a range, each once, in the order given. */
export function wholeNumbers(least: number, most: number): (text: string) => number[] {
  const one = wholeNumber(least, most);
  return (text) => [...new Set(text.split(',').map((part) => one(part.trim())))];
}

/** Reads `30s`, `5m`, `2h`, `1d` as milliseconds. */
export function duration(text: string): number {
  const ms = parseDuration(text);
  if (ms !== undefined && ms > 0) return ms;
  throw new InvalidArgumentError('It must be a duration such as 30s, 5m, 2h or 1d.');
}

/** Reads a run's name. */
export function runId(text: string): string {
  if (RUN_ID.test(text)) return text;
  throw new InvalidArgumentError('It must be the name of a run, such as 20261123-214512-k3f9.');
}

/** Reads an Elasticsearch's URL; what is not one is not repeated, since it may hold a password. */
export function elasticsearchUrl(text: string): string {
  if (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)) return text.replace(/\/+$/, '');
  // Not an InvalidArgumentError, which commander would put the text before.
  throw new UsageError('That is not Elasticsearch’s URL.', 'Give one such as http://127.0.0.1:9200.');
}

/** Gathers an option that may be given several times. */
export function gather(text: string, before: string[] = []): string[] {
  return [...before, text];
}

/** Reads a stage's name. */
export function stage(text: string): string {
  if (/^[a-z][a-z0-9-]{0,19}$/.test(text)) return text;
  throw new InvalidArgumentError(
    'It must be up to 20 lower-case letters, digits and hyphens, a letter first.',
  );
}
