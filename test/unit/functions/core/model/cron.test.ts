import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cronLine, occurrenceAfter, readCronLine } from '../../../../../functions/core/model/cron.ts';

/** The first times after a moment, as ISO 8601 to the minute. */
function times(expression: string, timezone: string, after: string, count: number): string[] {
  const line = cronLine(expression, timezone);
  const found: string[] = [];
  for (let at = Date.parse(after); found.length < count; found.push(new Date(at).toISOString().slice(0, 16)))
    at = occurrenceAfter(line, at);
  return found;
}

describe('a cron line', () => {
  test('names local times, in summer and winter', () => {
    expect(times('0 6 * * 1-5', 'Europe/Berlin', '2026-03-26T12:00Z', 3)).toEqual([
      ...['2026-03-27T05:00', '2026-03-30T04:00', '2026-03-31T04:00'],
    ]);
  });

  // On 29 March 2026 the clocks of Berlin go from 02:00 to 03:00, at 01:00 UTC.
  test.each([
    ['30 2 * * *', ['29T01:00', '30T00:30']],
    ['15,30 2 * * *', ['29T01:00', '30T00:15']],
    ['*/15 2,3 * * *', ['29T01:00', '29T01:15']],
    ['*/30 * * * *', ['29T00:00', '29T00:30', '29T01:00', '29T01:30']],
  ])('comes once, at the change, if the local time does not exist: %s', (expression, expected) => {
    const found = times(expression, 'Europe/Berlin', '2026-03-28T23:45Z', expected.length);
    expect(found).toEqual(expected.map((time) => `2026-03-${time}`));
  });

  // On 25 October 2026 the clocks of Berlin go from 03:00 back to 02:00, at 01:00 UTC.
  test.each([
    ['30 2 * * *', ['25T00:30', '26T01:30']],
    ['15,30 2 * * *', ['25T00:15', '25T00:30', '26T01:15']],
    ['*/30 * * * *', ['25T00:00', '25T00:30', '25T02:00', '25T02:30']],
  ])('comes once, the first time, if the local time occurs twice: %s', (expression, expected) => {
    const found = times(expression, 'Europe/Berlin', '2026-10-24T23:45Z', expected.length);
    expect(found).toEqual(expected.map((time) => `2026-10-${time}`));
  });

  test('does not come again in the repeated hour, wherever the search begins', () => {
    expect(times('30 2 * * *', 'Europe/Berlin', '2026-10-25T01:15Z', 1)).toEqual(['2026-10-26T01:30']);
  });

  test('is right where clocks change at midnight, or by half an hour', () => {
    // Greenland skips the last hour of 28 March 2026, Lord Howe Island 02:00 to 02:30 of 4 October.
    expect(times('30 23 * * *', 'America/Nuuk', '2026-03-28T12:00Z', 2)).toEqual([
      ...['2026-03-29T01:00', '2026-03-30T00:30'],
    ]);
    expect(times('15 2 * * *', 'Australia/Lord_Howe', '2026-10-03T00:00Z', 2)).toEqual([
      ...['2026-10-03T15:30', '2026-10-04T15:15'],
    ]);
  });

  test('names the same times, wherever the search begins', () => {
    const expressions = fc.constantFrom(
      '* * * * *',
      '*/7 * * * *',
      '30 2 * * *',
      '0 0 1 * *',
      '15 3 * * SUN',
    );
    const zones = fc.constantFrom('UTC', 'Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe');
    const moments = fc.date({
      min: new Date('2020-01-01'),
      max: new Date('2040-01-01'),
      noInvalidDate: true,
    });
    fc.assert(
      fc.property(expressions, zones, moments, fc.double({ min: 0, max: 1, noNaN: true }), (...drawn) => {
        const [expression, zone, moment, share] = drawn;
        const line = cronLine(expression, zone);
        const at = moment.getTime();
        const next = occurrenceAfter(line, at);
        expect(next).toBeGreaterThan(at);
        expect(next % 60_000).toBe(0);
        expect(occurrenceAfter(line, Math.floor(at + (next - 1 - at) * share))).toBe(next);
      }),
    );
  });

  test('keeps its two parts', () => {
    const line = cronLine('  0  6 * * MON-FRI ', 'Europe/Berlin');
    expect(line).toBe('CRON_TZ=Europe/Berlin 0 6 * * MON-FRI');
    expect(readCronLine(line)).toEqual({ expression: '0 6 * * MON-FRI', timezone: 'Europe/Berlin' });
  });

  test.each([
    ['0 6 * *', 'UTC', /4 fields; give five/],
    ['0 0 6 * * *', 'UTC', /6 fields; give five/],
    ['@daily', 'UTC', /1 fields; give five/],
    ['61 6 * * *', 'UTC', /"61" is not a valid minute/],
    ['0 6 * 13 *', 'UTC', /"13" is not a valid month/],
    ['0 6 * * FOO', 'UTC', /"FOO" is not a valid weekday/],
    ['0 0 30 2 *', 'UTC', /no time matches/],
    ['0 6 * * *', 'Mars/Olympus', /"Mars\/Olympus" is not a time zone/],
  ])('is rejected with the reason: %s %s', (expression, timezone, reason) => {
    expect(() => cronLine(expression, timezone)).toThrow(
      expect.objectContaining({ code: 'invalid_input', message: expect.stringMatching(reason) }),
    );
  });
});
