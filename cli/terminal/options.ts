import { InvalidArgumentError, Option } from 'commander';
import { RUN_ID } from '../../functions/core/model/ids.ts';
import { MAX_JOBS_PER_MESSAGE } from '../../functions/core/model/message.ts';
import { MAX_WORKERS, parseRule, type ScalingRule } from '../../functions/core/model/scaling.ts';
import { UsageError } from './errors.ts';
import { count, sentence } from './format.ts';

// Options that several commands have, and parsers of option values. A parser returns the value, or throws an
// InvalidArgumentError that says what is allowed.

/** An integer from `min` to `max`. */
export function int(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return value;
    throw new InvalidArgumentError(`It must be a whole number from ${count(min)} to ${count(max)}.`);
  };
}

/** A list of integers from `min` to `max`, such as `1,2,4`. Keeps the order and drops duplicates. */
export function intList(min: number, max: number): (text: string) => number[] {
  const parse = int(min, max);
  return (text) => [...new Set(text.split(',').map((part) => parse(part.trim())))];
}

/** X: jobs per tick. */
export const jobsPerTick = int(1, 1_000_000);
/** X of a job with a list, which may be all items. */
export function itemsPerTick(text: string): number | 'all' {
  if (text === 'all') return text;
  try {
    return jobsPerTick(text);
  } catch {
    throw new InvalidArgumentError('It must be a whole number from 1 to 1,000,000, or all.');
  }
}
/** `--jobs-per-message`, for `deploy`. */
export function jobsPerMessage(text: string): number | 'auto' {
  if (text === 'auto') return text;
  try {
    return int(1, MAX_JOBS_PER_MESSAGE)(text);
  } catch {
    throw new InvalidArgumentError(`It must be a whole number from 1 to ${MAX_JOBS_PER_MESSAGE}, or auto.`);
  }
}
/** Y: minutes between ticks. */
export const minutesBetweenTicks = int(1, 1_440);

/** The rule for the number of workers: `4`, or `1:20`. */
export function scalingRule(text: string): ScalingRule {
  try {
    return parseRule(text);
  } catch (error) {
    throw new InvalidArgumentError(sentence(`It ${(error as Error).message}`));
  }
}

/** `--concurrency`, for `deploy` and `plan`. */
export const concurrencyOption = () =>
  new Option('--concurrency <n>', 'maximum number of concurrent workers').argParser(int(1, MAX_WORKERS));

/** `--context`, for `deploy` and `plan`. */
export const contextOption = () =>
  new Option('-c, --context <name=value>', 'value of any setting; can be repeated').argParser(collect);

/** `--elasticsearch`, for commands that start the local cloud. */
export const ownElasticsearchOption = () =>
  new Option('--elasticsearch <url>', 'your own Elasticsearch 8, so that Java is not needed').argParser(
    elasticsearchUrl,
  );

/** `--run`, for `status`, `verify` and `results`. @param unset the default, in words */
export const runOption = (unset = 'the active or last run') =>
  new Option('--run <id>', `ID of the run, from "drumline runs" (default: ${unset})`).argParser(runId);

/** `--y`, `--cron` and `--timezone`, for `start` and `update`. */
export const periodOptions = () => [
  new Option('--y <minutes>', 'minutes between ticks').argParser(minutesBetweenTicks),
  new Option(
    '--cron <expression>',
    'times of the ticks instead of --y: minute, hour, day, month, weekday',
  ).conflicts('y'),
  new Option('--timezone <name>', 'time zone of --cron, such as Europe/Berlin (default: UTC)').conflicts('y'),
];

/** `--pace`, for `start` and `update`. */
export const paceOption = () =>
  new Option(
    '--pace <pace>',
    'send the jobs of a tick all at once (burst) or spread until the next tick, over at most a day (even)',
  ).choices(['burst', 'even']);

const UNITS_MS = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** A duration such as `30s`, `5m`, `2h` or `1d`, in milliseconds. */
export function duration(text: string): number {
  const [, amount, unit] = /^(\d{1,9})([smhd])$/.exec(text.trim()) ?? [];
  const ms = Number(amount) * UNITS_MS[unit as keyof typeof UNITS_MS];
  if (ms > 0) return ms;
  throw new InvalidArgumentError('It must be a duration such as 30s, 5m, 2h or 1d.');
}

/** The ID of a run. */
export function runId(text: string): string {
  if (RUN_ID.test(text)) return text;
  throw new InvalidArgumentError('It must be the ID of a run, such as 20261123-214512-k3f9.');
}

/** An Elasticsearch URL, without a slash at its end. @throws UsageError */
export function elasticsearchUrl(text: string): string {
  if (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)) return text.replace(/\/+$/, '');
  // Commander repeats the text in front of an InvalidArgumentError, and this text may contain a password.
  throw new UsageError('The Elasticsearch URL is invalid.', 'Give a URL such as http://127.0.0.1:9200.');
}

/** The name of a stage. */
export function stage(text: string): string {
  if (/^[a-z][a-z0-9-]{0,19}$/.test(text)) return text;
  throw new InvalidArgumentError(
    'It must start with a letter and have at most 20 lower-case letters, digits and hyphens.',
  );
}

/** Collects the values of an option that can be repeated. */
function collect(text: string, previous: string[] = []): string[] {
  return [...previous, text];
}
