import { zonedTime } from '../../../../cli/terminal/format.ts';
import { cronLine, occurrenceAfter } from '../../../../functions/core/model/cron.ts';

/**
 * The next times of a cron expression, as the scheduler determines them: `Thu 26 Nov 06:00 Europe/Berlin`.
 * @param now milliseconds since 1970
 * @throws ApiError `invalid_input` in the control function's words
 */
export function nextTimes(expression: string, timezone: string, times: number, now: number): string[] {
  const line = cronLine(expression, timezone);
  const found: string[] = [];
  for (let at = now; found.length < times; ) {
    at = occurrenceAfter(line, at);
    found.push(zonedTime(new Date(at).toISOString(), timezone));
  }
  return found;
}
