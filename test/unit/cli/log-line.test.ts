import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isPlatformLine, readLogLine, renderLogLine } from '../../../cli/cloud/log-line.ts';
import { UNCOLOURED } from '../../../cli/terminal/output.ts';
import { printable } from '../../../text/format.ts';

const AT = Date.parse('2026-11-23T22:54:21.132Z');
const ESCAPE = '\u001b';

const render = (text: string) => renderLogLine(readLogLine('consumer', AT, text), UNCOLOURED);
const withoutTime = (line: string) => line.replace(/^.*?\d\d:\d\d:\d\d /, '');

test('a line of ours: level, function, message, and what else it tells', () => {
  const line = {
    ...{ level: 'INFO', message: 'batch', timestamp: '2026-11-23T22:54:20.000Z', service: 'drumline' },
    ...{ cold_start: false, function_arn: 'arn:…', function_name: 'drumline-consumer', sampling_rate: 0 },
    ...{ worker: 'worker-a', tick: 1, reason: 'no such thing', list: [1, 2] },
  };
  expect(withoutTime(render(JSON.stringify(line)))).toBe(
    'INFO  consumer  batch worker=worker-a tick=1 reason="no such thing" list=[1,2]',
  );
});

test('its own time counts, not that of its arrival', () => {
  const text = JSON.stringify({ message: 'm', timestamp: '2026-11-23T22:54:20.000Z' });
  expect(readLogLine('consumer', AT, text).time).toBe('2026-11-23T22:54:20.000Z');
  expect(readLogLine('consumer', AT, '{"message":"m","timestamp":"soon"}').time).toBe(
    '2026-11-23T22:54:21.132Z',
  );
});

test('a cold start is worth a word', () => {
  expect(render('{"message":"m","cold_start":true}')).toContain('cold_start=true');
});

test('an error is its name and message; the stack is left to --json', () => {
  const error = { name: 'TypeError', message: 'x is not a function', stack: 'TypeError\n at …' };
  expect(render(JSON.stringify({ level: 'ERROR', message: 'failed', error }))).toContain(
    'error="TypeError: x is not a function"',
  );
});

test.each(['not JSON at all', '[1,2]', '"text"', 'null', '{"level":"INFO"}', '{"message":5}'])(
  'what is not a line of ours is shown as it is: %j',
  (text) => {
    expect(withoutTime(render(text))).toBe(`      consumer  ${text}`);
  },
);

test.each([
  ['START RequestId: a98c28cf Version: $LATEST', true],
  ['END RequestId: a98c28cf', true],
  ['REPORT RequestId: a98c28cf\tDuration: 533 ms', true],
  ['INIT_START Runtime Version: nodejs:22', true],
  ['STARTED the engine', false],
  ['{"level":"INFO","message":"START of something"}', false],
])('%j comes from the platform: %j', (text, expected) => {
  expect(isPlatformLine(readLogLine('status', AT, text))).toBe(expected);
});

test('whatever is logged, a terminal is given no orders, and one line', () => {
  const nasty = `${ESCAPE}[2J${ESCAPE}]0;title\u0007\r\n\u009b31m\u202e`;
  const piece = fc.oneof(fc.string(), fc.constant(nasty));
  fc.assert(
    fc.property(piece, piece, piece, fc.boolean(), (message, name, value, isJson) => {
      const text = isJson
        ? JSON.stringify({ level: value, message, [name]: value, error: { name, message } })
        : message;
      expect(render(text)).not.toMatch(/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u);
    }),
  );
});

test('text that is harmless stays as it is', () => {
  expect(printable('Grüße — 3 × “ok” ✔')).toBe('Grüße — 3 × “ok” ✔');
});
