import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import {
  type JobResult,
  type JobTask,
  type RunLimits,
  runJobs,
} from '../../../../../functions/core/consume/run-job.ts';
import { TimeBudget } from '../../../../../functions/core/consume/time-budget.ts';
import type { Job, JobContext } from '../../../../../functions/core/job/job.ts';
import { MAX_REASON_CHARACTERS, PermanentError } from '../../../../../functions/core/model/errors.ts';
import type { JobId } from '../../../../../functions/core/model/ids.ts';
import { MAX_JSON_CHARACTERS } from '../../../../../functions/core/model/item.ts';
import { job, message, NOW, RUN, tick } from '../../../../fixtures/ledger.ts';

beforeEach(() => {
  vi.useFakeTimers({ now: NOW });
});
afterEach(() => {
  vi.useRealTimers();
});

const TASK: JobTask = {
  jobId: job(1),
  message: message(),
  tick: tick(),
  entry: { item: 1 },
  attempt: 1,
};

const tasks = (count: number): JobTask[] =>
  Array.from({ length: count }, (_, at) => ({ ...TASK, jobId: job(at + 1), entry: { item: at + 1 } }));

const wait = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
const forever = () => new Promise(() => {});

/** A numbered job. */
const working = (run: (item: JobId, context: JobContext) => unknown): Job => ({ run });
const throwing = (thrown: unknown) =>
  working(() => {
    throw thrown;
  });

/** The limits of an invocation that starts now and has this many milliseconds for work. */
function limits(workMs: number, concurrency = 1): RunLimits {
  const budget = new TimeBudget(NOW, NOW + Math.min(workMs / 0.75, workMs + 2_500));
  return { concurrency, budget, until: budget.workUntil, clock: Date.now };
}

/** Runs jobs in simulated time, from NOW on. */
async function run(what: Job, count = 1, { concurrency = 10, workMs = 10_000 } = {}): Promise<JobResult[]> {
  vi.setSystemTime(NOW);
  const running = runJobs(what, tasks(count), limits(workMs, concurrency));
  await vi.advanceTimersByTimeAsync(workMs + 1_000);
  return running;
}

const kinds = (all: JobResult[]) => all.map(({ kind }) => kind);

describe('a job that works', () => {
  test('results in its item, its output and its end', async () => {
    const job = working(async (input) => {
      await wait(250);
      return input * input + 41;
    });
    expect(await run(job)).toEqual([{ kind: 'worked', task: TASK, item: 1, output: 42, endedAt: NOW + 250 }]);
  });

  test('receives its context, with a signal that does not abort while there is time', async () => {
    const contexts: JobContext[] = [];
    await run(
      working((_input, context) => contexts.push(context)),
      3,
    );
    expect(contexts[2]).toEqual({
      jobId: 3,
      runId: RUN,
      tick: 1,
      index: 2,
      count: 100,
      dueAt: new Date(NOW),
      attempt: 1,
      signal: expect.any(AbortSignal),
      log: {
        debug: expect.anything(),
        info: expect.anything(),
        warn: expect.anything(),
        error: expect.anything(),
      },
    });
    expect(contexts.map(({ signal }) => signal.aborted)).toEqual([false, false, false]);
  });

  test('may return any JSON value that fits, with or without a promise', async () => {
    for (const output of [
      null,
      false,
      0,
      '',
      7,
      { a: [1, { b: null }] },
      'x'.repeat(MAX_JSON_CHARACTERS - 2),
    ])
      for (const work of [() => output, async () => output])
        expect(await run(working(work))).toMatchObject([{ kind: 'worked', output }]);
  });
});

describe('the jobs of a batch', () => {
  test('have one result each, in their order', async () => {
    const job = working(async (input) => {
      await wait(1_000 - input * 10);
      return input;
    });
    expect((await run(job, 50)).map(({ task }) => task)).toEqual(tasks(50));
    expect(await run(job, 0)).toEqual([]);
  });

  test.each([1, 3, 10])('run at most %i at a time', async (concurrency) => {
    let [running, maxRunning] = [0, 0];
    const job = working(async () => {
      maxRunning = Math.max(maxRunning, ++running);
      await wait(100);
      running--;
      return 0;
    });
    expect(kinds(await run(job, 20, { concurrency }))).toEqual(Array(20).fill('worked'));
    expect(maxRunning).toBe(concurrency);
  });

  test('do not fail when another one throws', async () => {
    const job = working((input) => {
      if (input === 2) throw new Error('two');
      return input;
    });
    expect(kinds(await run(job, 3))).toEqual(['worked', 'failed', 'worked']);
  });

  test('leave no timer behind that would keep the worker busy', async () => {
    await runJobs(
      working(() => 1),
      tasks(3),
      limits(60_000, 2),
    );
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('a job that throws', () => {
  test('fails with the reason, and is retried', async () => {
    const failed = { kind: 'failed', task: TASK, permanent: false };
    expect(await run(throwing(new RangeError('too far')))).toEqual([
      { ...failed, reason: 'RangeError: too far' },
    ]);
    const rejecting = working(() => Promise.reject(new Error('later')));
    expect(await run(rejecting)).toEqual([{ ...failed, reason: 'later' }]);
  });

  test('fails whatever it throws', async () => {
    for (const thrown of ['boom', undefined, null, 7, { code: 7 }, Symbol('boom'), Object.create(null)])
      expect(await run(throwing(thrown))).toMatchObject([
        { kind: 'failed', permanent: false, reason: expect.stringMatching(/./) },
      ]);
  });

  test('fails permanently with a PermanentError, also with one of its own bundle', async () => {
    const bundled = Object.assign(new Error('never'), { name: 'PermanentError' });
    for (const thrown of [new PermanentError('never'), bundled])
      expect(await run(throwing(thrown))).toMatchObject([
        { kind: 'failed', permanent: true, reason: 'PermanentError: never' },
      ]);
  });
});

describe('a job with an item', () => {
  const item = z.object({ url: z.url().transform((url) => new URL(url)), name: z.string() });
  const ran: unknown[] = [];
  const job: Job = { item, run: (item) => ran.push(item) };
  const runItem = (entry: JobTask['entry']) => {
    vi.setSystemTime(NOW);
    const running = runJobs(job, [{ ...TASK, entry }], limits(10_000));
    return vi.advanceTimersByTimeAsync(11_000).then(() => running);
  };

  test('receives what the schema returns, and stores the item as it is in the list', async () => {
    const given = { url: 'https://example.org/', name: 'a' };
    expect(await runItem({ item: given })).toMatchObject([{ kind: 'worked', item: given, output: 1 }]);
    expect(ran).toEqual([{ url: new URL('https://example.org/'), name: 'a' }]);
  });

  test('fails permanently if the item does not fit, and names the field', async () => {
    expect(await runItem({ item: { url: 'no url', name: 'a' } })).toMatchObject([
      { kind: 'failed', permanent: true, reason: 'the item does not fit its schema: url: Invalid URL' },
    ]);
    expect(await runItem({ problem: 'the item is gone' })).toMatchObject([
      { kind: 'failed', permanent: true, reason: 'the item is gone' },
    ]);
    expect(ran).toHaveLength(1);
  });
});

describe('a job whose result cannot be stored', () => {
  const cyclic: Record<string, unknown> = {};
  cyclic.self = cyclic;
  const toJSON = () => {
    throw Object.create(null);
  };

  test.each([
    ['undefined', undefined, /^its output is not a JSON value: undefined$/],
    ['a function', () => 0, /^its output is not a JSON value: /],
    ['a symbol', Symbol('x'), /^its output is not a JSON value: Symbol\(x\)$/],
    ['NaN', Number.NaN, /^its output is not a JSON value: NaN$/],
    ['infinity', Number.POSITIVE_INFINITY, /^its output is not a JSON value: Infinity$/],
    ['a BigInt', 10n, /^its output cannot be written as JSON: .*BigInt/],
    ['a cycle', cyclic, /^its output cannot be written as JSON: .*circular/],
    [
      'too much',
      'x'.repeat(MAX_JSON_CHARACTERS - 1),
      /too large: 256001 characters of JSON, at most 256000$/,
    ],
    ['something whose toJSON throws', { toJSON }, /^its output cannot be written as JSON: /],
  ])('fails permanently if it returns %s', async (_what, output, reason) => {
    expect(await run(working(() => output))).toEqual([
      { kind: 'failed', task: TASK, permanent: true, reason: expect.stringMatching(reason) },
    ]);
  });

  test('has a reason of one short line', async () => {
    // A function as text is its source code.
    const source = new Function(`\n/* ${'x'.repeat(10_000)} */\n`);
    const [failed] = (await run(working(() => source))) as [JobResult & { kind: 'failed' }];
    expect(failed.reason.length).toBeLessThanOrEqual(MAX_REASON_CHARACTERS);
    expect(failed.reason).not.toMatch(/\n/);
  });
});

describe('the time limit', () => {
  test('leaves jobs to the next delivery that would not end in time', async () => {
    const started: JobId[] = [];
    const job = working(async (input) => {
      started.push(input);
      await wait(900);
      return input;
    });
    const all = await run(job, 10, { concurrency: 1, workMs: 3_000 });
    // The fourth would start after 2.7 s and end after 3.6 s.
    expect(started).toEqual([1, 2, 3]);
    expect(kinds(all)).toEqual(['worked', 'worked', 'worked', ...Array(7).fill('left')]);
  });

  test('starts no job when earlier groups had a job that took too long, or the time is over', async () => {
    const work = vi.fn(() => 1);
    const time = limits(10_000);
    time.budget.recordJobTime(9_000);
    vi.setSystemTime(NOW + 1_000);
    expect(kinds(await runJobs(working(work), tasks(2), time))).toEqual(['left', 'left']);
    expect(kinds(await run(working(work), 3, { workMs: -5 }))).toEqual(['left', 'left', 'left']);
    expect(work).not.toHaveBeenCalled();
  });

  test('starts no job after the group’s own time, but lets running jobs end', async () => {
    const time = limits(10_000);
    const job = working(() => wait(3_000).then(() => 1));
    const running = runJobs(job, tasks(4), { ...time, until: NOW + 5_000 });
    await vi.advanceTimersByTimeAsync(20_000);
    expect(kinds(await running)).toEqual(['worked', 'worked', 'left', 'left']);
    expect([6_999, 7_000].map((at) => time.budget.hasTimeForJob(NOW + at))).toEqual([true, false]);
  });

  test('ends a batch whose jobs hang, and fails those that had their fair share of the time', async () => {
    const running = runJobs(working(forever), tasks(3), limits(3_000)).then((all) => ({
      all,
      at: Date.now(),
    }));
    await vi.advanceTimersByTimeAsync(60_000);
    const { all, at } = await running;
    expect(at).toBe(NOW + 3_000);
    expect(all[0]).toMatchObject({ kind: 'failed', permanent: false, reason: 'not done within 3 s' });
    expect(kinds(all)).toEqual(['failed', 'left', 'left']);
    for (const [before, kind] of [
      [2_000, 'failed'],
      [2_001, 'left'],
    ] as const) {
      const job = working((input) => (input === 1 ? wait(before).then(() => 0) : forever()));
      expect(kinds(await run(job, 2, { concurrency: 1 }))).toEqual(['worked', kind]);
    }
  });

  test('aborts the signal, and does not blame a job that stops because of it', async () => {
    const reasons: unknown[] = [];
    const job = working(async (input, { signal }) => {
      if (input === 1) return wait(5_000).then(() => 0);
      return new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => {
          reasons.push(signal.reason);
          reject(signal.reason);
        });
      });
    });
    expect(kinds(await run(job, 2, { concurrency: 1, workMs: 11_000 }))).toEqual(['worked', 'left']);
    expect(reasons).toEqual([new Error('the worker’s time is up')]);
  });

  test('lets many jobs listen for the signal without a warning', async () => {
    const warnings: Error[] = [];
    const onWarning = (warning: Error) => warnings.push(warning);
    process.on('warning', onWarning);
    const listening = working((_input, { signal }) => {
      signal.addEventListener('abort', () => {}, { once: true });
      return wait(10);
    });
    await run(listening, 50, { concurrency: 50 });
    vi.useRealTimers();
    await wait(0);
    process.off('warning', onWarning);
    expect(warnings).toEqual([]);
  });

  test('is kept even if the clock is set back', async () => {
    const work = vi.fn(forever);
    const running = runJobs(working(work), tasks(3), { ...limits(3_000), clock: () => NOW });
    await vi.advanceTimersByTimeAsync(3_000);
    expect(kinds(await running)).toEqual(['left', 'left', 'left']);
    expect(work).toHaveBeenCalledTimes(1);
  });

  test('ignores what a job throws later', async () => {
    const job = working(async () => {
      await wait(3_500);
      throw new Error('too late');
    });
    expect(kinds(await run(job, 1, { workMs: 3_000 }))).toEqual(['failed']);
    // An unhandled rejection would fail this test file.
    await vi.advanceTimersByTimeAsync(10_000);
  });
});
