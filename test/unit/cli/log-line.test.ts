import fc from 'fast-check';
import colors from 'picocolors';
import { expect, test } from 'vitest';
import { isMetricLine, isPlatformLine, readLogLine, renderLogLine } from '../../../cli/cloud/log-line.ts';
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
    ['{"time":"2026-11-23T22:54:20Z","type":"platform.start","record":{"requestId":"a"}}', true],
    ['{"type":"platform.report","record":{"status":"success","metrics":{"durationMs":5}}}', true],
    ['{"type":"platform.report","record":{"status":"timeout","metrics":{"durationMs":5}}}', false],
    ['{"type":"platform.logsDropped","record":{"droppedRecords":5}}', false],
    ['{"type":"customer","record":{"status":"success"}}', false],
  ] as const)
    expect(isPlatformLine(readLogLine('status', AT, text)), text).toBe(expected);
});

test('a failed invocation is shown with its reason', () => {
  const record = { requestId: 'a', status: 'timeout', metrics: { durationMs: 30_000, maxMemoryUsedMB: 90 } };
  const text = JSON.stringify({ time: '2026-11-23T22:54:20Z', type: 'platform.report', record });
  expect(withoutTime(render(text))).toBe(
    'WARN  consumer  platform.report status=timeout durationMs=30000 maxMemoryUsedMB=90',
  );
});

test('metrics are recognized', () => {
  const metrics = JSON.stringify({ _aws: { CloudWatchMetrics: [] }, stage: 'a', enqueued: 5 });
  expect(isMetricLine(readLogLine('consumer', AT, metrics))).toBe(true);
  expect(withoutTime(render(metrics))).toBe('      consumer  metrics stage=a enqueued=5');
  expect(isMetricLine(readLogLine('consumer', AT, '{"message":"metrics"}'))).toBe(false);
  // A line of the functions may contain metrics as well.
  const both = JSON.stringify({ level: 'INFO', message: 'batch', _aws: {}, stage: 'a', processed: 5 });
  expect(isMetricLine(readLogLine('consumer', AT, both))).toBe(false);
  expect(withoutTime(render(both))).toBe('INFO  consumer  batch processed=5');
});

test('a worker has the same colour in each of its lines, workers differ, and piped text has no colour', () => {
  const colored = (worker: string, message = 'm') => {
    const line = readLogLine('consumer', AT, JSON.stringify({ message, worker }));
    return renderLogLine(line, colors.createColors(true));
  };
  const colorOf = (line: string) => line.split('consumer')[0]?.split(' ').at(-1);
  expect(colorOf(colored('worker-a'))).toBe(colorOf(colored('worker-a', 'another')));
  const workers = Array.from({ length: 30 }, (_, at) => colorOf(colored(`worker-${at}`)));
  expect(new Set(workers).size).toBe(7);
  expect(render('{"message":"m","worker":"worker-a"}')).not.toContain(ESCAPE);
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
