import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { log } from '../../../../functions/runtime/logger.ts';
import { MetricLog } from '../../../../functions/runtime/metrics.ts';

// Other files share the logger, and may have set another level.
beforeEach(() => log.setLogLevel('INFO'));

afterEach(() => {
  vi.restoreAllMocks();
  log.setLogLevel('INFO');
});

/** The lines that a call writes. */
function linesOf(call: (metrics: MetricLog) => void): Record<string, unknown>[] {
  const lines: string[] = [];
  const metrics = new MetricLog('demo');
  for (const stream of [process.stdout, process.stderr])
    vi.spyOn(stream, 'write').mockImplementation((text) => lines.push(String(text)) > 0);
  call(metrics);
  vi.restoreAllMocks();
  return lines.map((line) => JSON.parse(line));
}

const EMF = {
  Timestamp: expect.any(Number),
  CloudWatchMetrics: [
    {
      Namespace: 'Drumline',
      Dimensions: [['stage']],
      Metrics: [
        { Name: 'processed', Unit: 'Count' },
        { Name: 'batchMs', Unit: 'Milliseconds' },
      ],
    },
  ],
};
const VALUES = { processed: 5, failed: undefined, batchMs: 12 };

test('a log line contains its metrics, with the stage as the only dimension', () => {
  const [line, ...more] = linesOf((metrics) => metrics.write('info', 'batch', VALUES, { runId: 'r1' }));
  expect(more).toEqual([]);
  expect(line).toMatchObject({
    ...{ level: 'INFO', message: 'batch', service: 'drumline', runId: 'r1' },
    ...{ stage: 'demo', processed: 5, batchMs: 12, _aws: EMF },
  });
  expect(line).not.toHaveProperty('failed');
});

test('a line without values is no metric, and a line does not repeat the values of the line before', () => {
  const lines = linesOf((metrics) => {
    metrics.write('info', 'nothing due', { enqueued: undefined }, { missed: 0 });
    metrics.write('info', 'fired', { enqueued: 7 });
    metrics.write('info', 'batch', { processed: 1 });
  });
  expect(lines.map(({ _aws, enqueued, processed }) => [_aws !== undefined, enqueued, processed])).toEqual([
    [false, undefined, undefined],
    [true, 7, undefined],
    [true, undefined, 1],
  ]);
});

test('the metrics of a warning have their own line, on the standard output', () => {
  const lines = linesOf((metrics) => metrics.write('warn', 'batch returned', VALUES, { runId: 'r1' }));
  expect(lines).toMatchObject([{ level: 'WARN', runId: 'r1' }, { _aws: EMF }]);
  expect(lines[0]).not.toHaveProperty('_aws');
});

test.each([
  ['WARN', 'info'],
  ['ERROR', 'info'],
  ['ERROR', 'warn'],
] as const)('at log level %s the metrics of an %s line are still written', (level, lineLevel) => {
  log.setLogLevel(level);
  const lines = linesOf((metrics) => {
    metrics.write(lineLevel, 'batch', VALUES, { runId: 'r1' });
    metrics.write(lineLevel, 'nothing due', {}, { missed: 0 });
  });
  expect(lines).toEqual([{ stage: 'demo', processed: 5, batchMs: 12, _aws: EMF }]);
});
