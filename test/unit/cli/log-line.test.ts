import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isPlatformLine, readLogLine, renderLogLine } from '../../../cli/cloud/log-line.ts';
import { UNCOLOURED } from '../../../cli/terminal/output.ts';

const AT = Date.parse('2026-11-23T22:54:21.132Z');
const ESCAPE = '\u001b';

const render = (text: string) => renderLogLine(readLogLine('consumer', AT, text), UNCOLOURED);
const withoutTime = (line: string) => line.replace(/^.*?\d\d:\d\d:\d\d /, '');

test('a line shows level, function, message and fields', () => {
  const line = {
    ...{ level: 'INFO', message: 'batch', timestamp: '2026-11-23T22:54:20.000Z', service: 'drumline' },
    ...{ cold_start: false, function_arn: 'arn:…', function_name: 'drumline-consumer', sampling_rate: 0 },
    ...{ worker: 'worker-a', tick: 1, reason: 'no such thing', list: [1, 2] },
  };
  expect(withoutTime(render(JSON.stringify(line)))).toBe(
    'INFO  consumer  batch worker=worker-a tick=1 reason="no such thing" list=[1,2]',
  );
});

test('a line shows when it was logged, not when it was received', () => {
  const text = JSON.stringify({ message: 'm', timestamp: '2026-11-23T22:54:20.000Z' });
  expect(readLogLine('consumer', AT, text).time).toBe('2026-11-23T22:54:20.000Z');
  expect(readLogLine('consumer', AT, '{"message":"m","timestamp":"soon"}').time).toBe(
    '2026-11-23T22:54:21.132Z',
  );
});

test('a cold start is shown, and an error as its name and message without the stack', () => {
  expect(render('{"message":"m","cold_start":true}')).toContain('cold_start=true');
  const error = { name: 'TypeError', message: 'x is not a function', stack: 'TypeError\n at …' };
  expect(render(JSON.stringify({ level: 'ERROR', message: 'failed', error }))).toContain(
    'error="TypeError: x is not a function"',
  );
});

test('a line in another format is shown as it is', () => {
  for (const text of ['not JSON at all', '[1,2]', '"text"', 'null', '{"level":"INFO"}', '{"message":5}'])
    expect(withoutTime(render(text))).toBe(`      consumer  ${text}`);
});

test('lines of the Lambda platform are recognized', () => {
  for (const [text, expected] of [
    ['START RequestId: a98c28cf Version: $LATEST', true],
    ['END RequestId: a98c28cf', true],
    ['REPORT RequestId: a98c28cf\tDuration: 533 ms', true],
    ['INIT_START Runtime Version: nodejs:22', true],
    ['STARTED the engine', false],
    ['{"level":"INFO","message":"START of something"}', false],
  ] as const)
    expect(isPlatformLine(readLogLine('status', AT, text)), text).toBe(expected);
});

test('no log text can control the terminal or break a line', () => {
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
