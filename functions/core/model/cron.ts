import { Cron } from 'croner';
import { ApiError } from './errors.ts';
import { TimeZone } from './time-zone.ts';

/**
 * A crontab line with its time zone, as crontab itself notes it: `CRON_TZ=Europe/Berlin 0 6 * * 1-5`. Five fields:
 * minute, hour, day of the month, month, weekday.
 */
export type CronLine = `CRON_TZ=${string}`;

const FIELDS = ['minute', 'hour', 'day', 'month', 'weekday'];

/**
 * Checks a cron expression and its time zone.
 * @param expression five fields, such as `0 6 * * 1-5`
 * @param timezone an IANA name, such as `Europe/Berlin`
 * @throws ApiError `invalid_input` if either is invalid, or no time matches (30 February)
 */
export function cronLine(expression: string, timezone: string): CronLine {
  const fields = expression.trim().split(/\s+/);
  if (fields.length !== FIELDS.length)
    throw invalid(
      `"${expression}" has ${fields.length} fields; give five (${FIELDS.join(', ')}): 0 6 * * 1-5`,
    );
  const wrong = fields.findIndex((field, at) => !isPattern(FIELDS.map((_, i) => (i === at ? field : '*'))));
  if (wrong >= 0) throw invalid(`"${fields[wrong]}" is not a valid ${FIELDS[wrong]}`);
  if (!TimeZone.exists(timezone))
    throw new ApiError('invalid_input', `"${timezone}" is not a time zone; give an IANA name: Europe/Berlin`);
  const line: CronLine = `CRON_TZ=${timezone} ${fields.join(' ')}`;
  if (!parse(line).pattern.nextRun()) throw invalid(`no time matches "${expression}"`);
  return line;
}

function invalid(reason: string): ApiError {
  return new ApiError('invalid_input', `invalid cron expression: ${reason}`);
}

function isPattern(fields: string[]): boolean {
  try {
    new Cron(fields.join(' '), PATTERN_OPTIONS);
    return true;
  } catch {
    return false;
  }
}

/** The two parts of a line. */
export function readCronLine(line: CronLine): { expression: string; timezone: string } {
  const space = line.indexOf(' ');
  return { timezone: line.slice('CRON_TZ='.length, space), expression: line.slice(space + 1) };
}

/**
 * The first time of the line after `at`. Both are milliseconds since 1970. When clocks go forward, a local time
 * that does not exist comes at the moment of the change. When clocks go back, a local time that occurs twice comes once,
 * the first time. AWS's page "Schedule types on EventBridge Scheduler" describes the same, except that EventBridge skips
 * a local time that does not exist.
 */
export function occurrenceAfter(line: CronLine, at: number): number {
  const { pattern, zone } = parse(line);
  let local = zone.toLocal(at);
  for (;;) {
    const next = pattern.nextRun(new Date(local));
    // Expressions have no year, and one that never matches is rejected when a run starts.
    if (!next) throw new Error(`no time matches ${line}`);
    local = next.getTime();
    const occurrence = zone.toMoment(local);
    // It is not later if `at` is in a repeated hour, whose local times have all come before.
    if (occurrence > at) return occurrence;
  }
}

interface ParsedLine {
  /** Matches local times, as if they were UTC: croner's own time zones skip or repeat the times of lists and steps. */
  pattern: Cron;
  zone: TimeZone;
}

const PATTERN_OPTIONS = { mode: '5-part', timezone: 'UTC', paused: true } as const;

/** Kept because a scheduler that was down counts up to a thousand times of one line. */
const parsedLines = new Map<CronLine, ParsedLine>();

function parse(line: CronLine): ParsedLine {
  let parsed = parsedLines.get(line);
  if (!parsed) {
    const { expression, timezone } = readCronLine(line);
    const pattern = new Cron(expression, PATTERN_OPTIONS);
    parsed = { pattern, zone: new TimeZone(timezone) };
    parsedLines.set(line, parsed);
  }
  return parsed;
}
