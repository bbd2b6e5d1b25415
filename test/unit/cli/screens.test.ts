import { describe, expect, test, vi } from 'vitest';
import { progressLine } from '../../../cli/runs/follow-run.ts';
import { runReport, runReportText, verificationText } from '../../../cli/runs/run-report.ts';
import { statusScreen } from '../../../cli/runs/status-screen.ts';
import { fitToTerminal } from '../../../cli/runs/watch-status.ts';
import { UNCOLOURED } from '../../../cli/terminal/output.ts';
import { markdownTable, table } from '../../../cli/terminal/table.ts';
import type { Verification } from '../../../functions/core/verify/verify.ts';
import { sampleStatus } from './fixtures.ts';

const VERIFIED: Verification = {
  ok: true,
  runId: null,
  ...{ enqueued: 2_000, processed: 1_990, failed: 10, pending: 0, documents: 1_990, duplicates: 0 },
  missing: { count: 0, first: [] },
  message: 'all is there',
};

test('a table has no borders and no trailing spaces; a Markdown table escapes its separator', () => {
  const rows = [
    ['a', '5'],
    ['long', '1,000'],
  ];
  expect(table(['Name', 'Jobs'], rows, ['left', 'right'])).toBe('Name   Jobs\na         5\nlong  1,000');
  expect(markdownTable(['A', 'B'], [['x|y', '1']], ['left', 'right'])).toBe(
    '| A | B |\n| --- | ---: |\n| x\\|y | 1 |',
  );
});

describe('the status screen', () => {
  const screen = (more = {}, rate?: number | null) =>
    statusScreen(sampleStatus(more), {
      colors: UNCOLOURED,
      width: 80,
      options: '',
      ...(rate !== undefined && { rate }),
    });

  test('shows the run, its jobs, the queue and the workers', () => {
    const text = screen();
    expect(text).toContain('20261123-214512-k3f9  running');
    expect(text).toContain('2,000 enqueued, 1,500 processed, 10 failed, 490 pending');
    expect(text).toContain('40 messages waiting, 9 in flight, 0 delayed, 10 dead letters');
    expect(text).toMatch(/worker-bbbbbbbb +900 +60\.0 %/);
    expect(text.indexOf('worker-bbbbbbbb')).toBeLessThan(text.indexOf('worker-aaaaaaaa'));
  });

  test('names the options that the commands of its warnings need', () => {
    const warned = (options: string) =>
      statusScreen(sampleStatus(), { colors: UNCOLOURED, width: 80, options });
    expect(warned('')).toContain('drumline dead-letters list');
    expect(warned('')).not.toContain('Add ');
    expect(warned('--stage demo --target aws')).toContain('Add --stage demo --target aws to these commands.');
  });

  test('shows missed ticks, retired workers and the rate only if there are any', () => {
    expect(screen()).not.toMatch(/missed|retired|jobs\/min/);
    const retiredWorkers = { count: 12, processed: 5_000 };
    const text = screen({ tick: 5, missedTicks: 3, firedTicks: 2, retiredWorkers }, 9_000);
    expect(text).toContain('2 fired, 3 missed');
    expect(text).toMatch(/12 retired +5,000/);
    expect(text).toContain('9,000 jobs/min');
  });

  test('shows the pass of a list, and why a tick was missed', () => {
    const pass = { number: 3, items: 12_000, taken: 0, invalid: { count: 0 } };
    expect(screen({ x: 'all', pass: { ...pass, state: 'reading' } })).toMatch(
      /all items every minute\n(.*\n)*List +pass 3 is being read, 12,000 items so far/,
    );
    expect(screen({ pass: { ...pass, state: 'complete', taken: 1_000 } })).toContain(
      'has 12,000 items, 1,000 of them in ticks',
    );
    const first = { index: 7, problem: 'url: Invalid URL' };
    const failed = screen({
      pass: { ...pass, state: 'failed', reason: 'the database is closed', invalid: { count: 2, first } },
      lastMiss: {
        tick: 4,
        at: new Date(Date.now() - 60_000).toISOString(),
        reason: 'the database is closed',
      },
    });
    expect(failed).toContain('pass 3 could not be read: the database is closed');
    expect(failed).toContain('2 items cannot be used; the first has index 7: url: Invalid URL');
    expect(failed).toMatch(/Missed +tick 4, .* ago: the database is closed/);
  });

  test('shows the next tick of a cron expression in its time zone', () => {
    const cron = { y: null, cron: '0 6 * * 1-5', timezone: 'Europe/Berlin' };
    vi.setSystemTime('2026-11-25T20:00:00Z');
    const text = screen({ ...cron, nextTickAt: '2026-11-26T05:00:00.000Z' });
    expect(text).toContain('1 fired; 1,000 jobs at 0 6 * * 1-5 (Europe/Berlin)');
    expect(text).toContain('Next      Thu 26 Nov 06:00 Europe/Berlin (in 9 h 0 min)');
    expect(screen({ ...cron, running: false, nextTickAt: null })).not.toContain('Next');
    vi.useRealTimers();
    expect(screen({ y: 5 })).toContain('1,000 jobs every 5 minutes');
  });

  test('shows that there is no run yet, no limit on workers, or an unknown limit', () => {
    expect(screen({ runId: null, workers: [] })).toContain('There has been no run yet.');
    expect(screen({ concurrency: null })).toContain('as many as AWS allows');
    expect(screen({ concurrency: undefined })).toContain('Lambda does not answer');
  });

  test('says between which numbers of workers it scales itself, why there are so many, and what was refused', () => {
    const decision = {
      at: new Date(Date.now() - 5_000).toISOString(),
      from: 4,
      to: 4,
      reason: 'No job is pending.',
      figures: {},
    };
    const change = { ...decision, at: '2026-11-23T21:46:12.000Z', from: null, reason: 'Many jobs were.' };
    const scaling = { setting: '', state: 'settled', decision, change } as const;
    const text = screen({
      concurrency: 4,
      scaling: { ...scaling, rule: { min: 1, max: 20, drainWithinSeconds: 90 } },
    });
    expect(text).toContain(
      'up to 4 concurrently; autoscaling from 1 to 20 workers, to drain within 90 seconds',
    );
    expect(text).toMatch(
      /ago: No job is pending\.\n.*last change .* ago: no limit → 4 workers\. Many jobs were\./,
    );
    const refused = { ...decision, to: 900, problem: 'The account has no room.' };
    const fixed = { ...scaling, rule: { min: 900, max: 900 }, state: 'refused', decision: refused } as const;
    expect(screen({ scaling: fixed })).toContain('not scaled to 900: The account has no room.');
    expect(screen({ scaling: fixed })).not.toContain('autoscaling');
  });
});

test('a screen that is cut to the terminal keeps its footer and its colours', () => {
  expect(fitToTerminal(['one', 'two', 'three'], ['foot'], 4, 3)).toBe('one\ntwo\nfoot');
  expect(fitToTerminal(['one', 'two'], ['foot'], 80, 24)).toBe('one\ntwo\nfoot');
  expect(fitToTerminal(['one', 'two'], ['foot'], 80, 1)).toBe('one\nfoot');
  const [red, end] = ['\u001b[31m', '\u001b[39m'];
  expect(fitToTerminal([`a${red}bcd${end}ef`], [], 4, 2)).toBe(`a${red}bc…${end}`);
  expect(fitToTerminal(['Grüße'], [], 5, 2)).toBe('Grüße');
});

test('the progress line', () => {
  expect(progressLine(sampleStatus(), 5_000, 'note')).toBe(
    '███████████████░░░░░ 75.5 %  1,500 of 2,000 jobs processed, 10 failed, 5,000 jobs/min, note',
  );
  expect(progressLine(sampleStatus({ enqueued: 0, processed: 0, failed: 0 }), null)).toBe(
    '░░░░░░░░░░░░░░░░░░░░ 0.0 %  0 of 0 jobs processed',
  );
});

test('the report of a run', () => {
  const status = sampleStatus({ processed: 1_990, tick: 3, missedTicks: 1, firedTicks: 2 });
  const report = runReport(status, VERIFIED, 60_000);
  expect(report).toMatchObject({ ok: true, ticks: 2, jobsPerMinute: 1_990, documents: 1_990, missing: 0 });
  const text = runReportText(report, UNCOLOURED);
  expect(text).toMatch(/Throughput +1,990 +jobs\/min/);
  expect(text).toMatch(/worker-bbbbbbbb +900 +60\.0 %/);
  expect(text).toContain('✔ Verified: all is there.');
  expect(runReportText({ ...report, ok: false }, UNCOLOURED)).toContain('✖ Not verified');
});

test('a verification names the first missing jobs', () => {
  const first = Array.from({ length: 30 }, (_, at) => at + 1);
  const text = verificationText(
    { ...VERIFIED, ok: false, missing: { count: 30, first }, message: 'it does not hold' },
    UNCOLOURED,
  );
  expect(text).toContain('Missing jobs: 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, …');
  expect(text).toContain('✖ it does not hold');
});
