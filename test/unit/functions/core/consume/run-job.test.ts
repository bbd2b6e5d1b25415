import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  type Job,
  type JobContext,
  type JobResult,
  type JobTask,
  MAX_JSON_BYTES,
  type RunLimits,
  runJobs,
} from '../../../../../functions/core/consume/run-job.ts';
import { TimeBudget } from '../../../../../functions/core/consume/time-budget.ts';
import { MAX_REASON_CHARACTERS, PermanentError } from '../../../../../functions/core/model/errors.ts';
import type { JobId } from '../../../../../functions/core/model/ids.ts';
import { job, message, NOW, RUN } from '../../samples.ts';

beforeEach(() => {
  vi.useFakeTimers({ now: NOW });
});
afterEach(() => {
  vi.useRealTimers();
});

function tasks(count: number): JobTask[] {
  return Array.from({ length: count }, (_, i) => ({
    jobId: job(i + 1),
    message: message(),
    index: 'results',
  }));
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** A job whose input is its jobId, as the one in functions/job.ts. */
function doing(work: (input: JobId, context: JobContext) => unknown): Job {
  return { input: (jobId) => jobId, work };
}

/** The limits of an invocation that has just begun, and has this long for its work. */
function limits(time: number, concurrency = 1): RunLimits {
  const budget = new TimeBudget(NOW, NOW + Math.min(time / 0.75, time + 2_500));
  return { concurrency, budget, until: budget.workUntil, clock: Date.now };
}

/** Works on as many jobs, with simulated time, to the end. */
async function ended(
  what: Job,
  count = 1,
  { concurrency = 10, time = 10_000 }: { concurrency?: number; time?: number } = {},
): Promise<JobResult[]> {
  const working = runJobs(what, tasks(count), limits(time, concurrency));
  await vi.advanceTimersByTimeAsync(time + 1_000);
  return working;
}

function kinds(all: JobResult[]): string[] {
  return all.map(({ kind }) => kind);
}

describe('a job that works', () => {
  test('ends with its input, its output and the time it ended', async () => {
    const [end] = await ended(
      doing(async (input) => {
        await wait(250);
        return input * input + 41;
      }),
    );
    expect(end).toEqual({
      ...{ kind: 'worked', task: { jobId: 1, message: message(), index: 'results' } },
      ...{ input: 1, output: 42, endedAt: NOW + 250 },
    });
  });

  test('is told which job of which run and tick it is', async () => {
    const seen: JobContext[] = [];
    await ended(doing((_input, context) => seen.push(context)));
    expect(seen).toEqual([{ jobId: 1, runId: RUN, tick: 1, signal: expect.any(AbortSignal) }]);
    expect(seen[0]?.signal.aborted).toBe(false);
  });

  test('need not be asynchronous', async () => {
    expect(await ended(doing((input) => input))).toMatchObject([{ kind: 'worked', output: 1 }]);
  });

  test.each([
    ['null', null],
    ['false', false],
    ['zero', 0],
    ['an empty string', ''],
    ['an object', { a: [1, { b: null }] }],
    ['the longest string that fits', 'x'.repeat(MAX_JSON_BYTES - 2)],
  ])('may return %s', async (_what, output) => {
    expect(await ended(doing(() => output))).toMatchObject([{ kind: 'worked', output }]);
  });
});

describe('all jobs of a batch', () => {
  test('end in the order they were given, one end for each', async () => {
    const all = await ended(
      doing(async (input) => {
        await wait(1_000 - input * 10);
        return input;
      }),
      50,
    );
    expect(all.map(({ task }) => task.jobId)).toEqual(tasks(50).map(({ jobId }) => jobId));
  });

  test.each([1, 3, 10])('are worked on %i at a time and no more', async (concurrency) => {
    let running = 0;
    let most = 0;
    const all = await ended(
      doing(async () => {
        running++;
        most = Math.max(most, running);
        await wait(100);
        running--;
        return 0;
      }),
      20,
      { concurrency },
    );
    expect(most).toBe(concurrency);
    expect(new Set(kinds(all))).toEqual(new Set(['worked']));
  });

  test('do not spoil one another: one that throws fails alone', async () => {
    const all = await ended(
      doing((input) => {
        if (input === 2) throw new Error('two');
        return input;
      }),
      3,
    );
    expect(kinds(all)).toEqual(['worked', 'failed', 'worked']);
  });

  test('may be none', async () => {
    expect(
      await ended(
        doing(() => 0),
        0,
      ),
    ).toEqual([]);
  });

  test('leave no timer behind that would hold the worker up', async () => {
    await runJobs(
      doing(() => 1),
      tasks(3),
      limits(60_000, 2),
    );
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('a job that throws', () => {
  test('has failed with the reason, and may be tried again', async () => {
    const throwing = doing(async () => {
      await wait(10);
      throw new RangeError('too far');
    });
    expect(await ended(throwing)).toEqual([
      {
        kind: 'failed',
        task: { jobId: 1, message: message(), index: 'results' },
        reason: 'RangeError: too far',
        permanent: false,
      },
    ]);
  });

  test('has failed for good when it throws a PermanentError, be it of its own bundle', async () => {
    const thrown = [
      new PermanentError('never'),
      Object.assign(new Error('never'), { name: 'PermanentError' }),
    ];
    const all = await ended(
      doing((input) => {
        throw thrown[input - 1];
      }),
      2,
    );
    expect(all).toMatchObject([
      { kind: 'failed', permanent: true, reason: 'PermanentError: never' },
      { kind: 'failed', permanent: true, reason: 'PermanentError: never' },
    ]);
  });

  test.each([
    ['a string', 'boom'],
    ['nothing', undefined],
    ['null', null],
    ['a number', 7],
    ['an object', { code: 7 }],
    ['a symbol', Symbol('boom')],
    ['an object without a prototype', Object.create(null)],
  ])('has failed even when it throws %s', async (_what, thrown) => {
    const all = await ended(
      doing(() => {
        throw thrown;
      }),
    );
    expect(all).toMatchObject([{ kind: 'failed', permanent: false, reason: expect.stringMatching(/./) }]);
  });

  test('has failed when it is its input that can’t be made', async () => {
    const what: Job = {
      input: () => {
        throw new Error('no input');
      },
      work: () => 1,
    };
    expect(await ended(what)).toMatchObject([{ kind: 'failed', reason: 'no input' }]);
  });
});

describe('a job whose output can’t be kept', () => {
  const cyclic: Record<string, unknown> = {};
  cyclic.self = cyclic;

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
      'x'.repeat(MAX_JSON_BYTES - 1),
      /^its output is too large: 256001 characters of JSON, at most 256000$/,
    ],
    [
      'something whose toJSON throws what is no Error',
      {
        toJSON() {
          throw Object.create(null);
        },
      },
      /^its output cannot be written as JSON: /,
    ],
  ])('has failed for good, with the reason: %s', async (_what, output, reason) => {
    expect(await ended(doing(() => output))).toEqual([
      { kind: 'failed', task: expect.anything(), permanent: true, reason: expect.stringMatching(reason) },
    ]);
  });

  test('has failed when its input can’t be kept', async () => {
    const what: Job = { input: () => 10n, work: () => 1 };
    expect(await ended(what)).toMatchObject([
      {
        kind: 'failed',
        permanent: true,
        reason: expect.stringMatching(/^its input cannot be written as JSON/),
      },
    ]);
  });

  test('gives a reason of one bounded line, whatever the output', async () => {
    // A function as text is its source code.
    const source = new Function(`\n/* ${'x'.repeat(10_000)} */\n`);
    const [end] = await ended(doing(() => source));
    const { reason } = end as JobResult & { kind: 'failed' };
    expect(reason.length).toBeLessThanOrEqual(MAX_REASON_CHARACTERS);
    expect(reason).not.toMatch(/\n/);
  });
});

describe('the worker’s time limit', () => {
  test('leaves jobs that were not begun to the next delivery', async () => {
    const begun: JobId[] = [];
    const all = await ended(
      doing(async (input) => {
        begun.push(input);
        await wait(900);
        return input;
      }),
      10,
      { concurrency: 1, time: 3_000 },
    );
    // The fourth would be begun after 2.7 s and end at 3.6 s: too late.
    expect(begun).toEqual([1, 2, 3]);
    expect(kinds(all)).toEqual(['worked', 'worked', 'worked', ...Array(7).fill('left')]);
  });

  test('is kept though jobs hang: all have ended when the time is up', async () => {
    let endedAt = 0;
    const working = runJobs(
      doing(() => new Promise(() => {})),
      tasks(5),
      limits(3_000, 2),
    ).then((all) => {
      endedAt = Date.now();
      return all;
    });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(await working).toHaveLength(5);
    expect(endedAt).toBe(NOW + 3_000);
  });

  test('fails a hanging job that had its fair share of the time, so that it doesn’t come again for ever', async () => {
    const all = await ended(
      doing(() => new Promise(() => {})),
      3,
      { concurrency: 1, time: 3_000 },
    );
    expect(all[0]).toMatchObject({ kind: 'failed', permanent: false, reason: 'not done within 3 s' });
    expect(kinds(all)).toEqual(['failed', 'left', 'left']);
  });

  test.each([
    [2_000, 'failed'],
    [2_001, 'left'],
  ])('after %i of 10,000 ms, takes a hanging job that it then cuts short for %s', async (before, kind) => {
    const all = await ended(
      doing((input) => (input === 1 ? wait(before).then(() => 0) : new Promise(() => {}))),
      2,
      { concurrency: 1, time: 10_000 },
    );
    expect(kinds(all)).toEqual(['worked', kind]);
  });

  test('lets all jobs listen for it, without a warning in the log', async () => {
    const warnings: Error[] = [];
    const note = (warning: Error) => warnings.push(warning);
    process.on('warning', note);
    const listening = doing((_input, { signal }) => {
      signal.addEventListener('abort', () => {}, { once: true });
      return wait(10);
    });
    await ended(listening, 50, { concurrency: 50 });
    vi.useRealTimers();
    await wait(0);
    process.off('warning', note);
    expect(warnings).toEqual([]);
  });

  test('tells the jobs by their signal, and does not blame one that gives up then', async () => {
    const seen: unknown[] = [];
    const all = await ended(
      doing(async (input, { signal }) => {
        if (input === 1) return wait(5_000).then(() => 0);
        await new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => {
            seen.push(signal.reason);
            reject(signal.reason);
          });
        });
        return 0;
      }),
      2,
      { concurrency: 1, time: 11_000 },
    );
    expect(seen).toEqual([new Error('the worker’s time is up')]);
    expect(kinds(all)).toEqual(['worked', 'left']);
  });

  test('does not abort the jobs of a batch that is done in time', async () => {
    const signals: AbortSignal[] = [];
    await ended(
      doing((_input, { signal }) => signals.push(signal)),
      3,
    );
    expect(signals.map(({ aborted }) => aborted)).toEqual([false, false, false]);
  });

  test('begins nothing that would not end in time by the longest job of the batch’s earlier groups', async () => {
    const work = vi.fn(() => 1);
    const time = limits(10_000);
    time.budget.recordJobTime(9_000);
    vi.setSystemTime(NOW + 1_000);
    const all = await runJobs(doing(work), tasks(2), time);
    expect(kinds(all)).toEqual(['left', 'left']);
    expect(work).not.toHaveBeenCalled();
  });

  test('begins nothing after the time that a group has, and lets what is begun end', async () => {
    const time = limits(10_000);
    const working = runJobs(
      doing(() => wait(3_000).then(() => 1)),
      tasks(4),
      { ...time, until: NOW + 5_000 },
    );
    await vi.advanceTimersByTimeAsync(20_000);
    expect(kinds(await working)).toEqual(['worked', 'worked', 'left', 'left']);
    expect([6_999, 7_000].map((at) => time.budget.hasTimeForJob(NOW + at))).toEqual([true, false]);
  });

  test('begins nothing when the time is up already', async () => {
    const work = vi.fn();
    const all = await ended(doing(work), 3, { time: -5 });
    expect(kinds(all)).toEqual(['left', 'left', 'left']);
    expect(work).not.toHaveBeenCalled();
  });

  test('ends the batch by its timer even if the clock is set back meanwhile', async () => {
    const work = vi.fn(() => new Promise(() => {}));
    const working = runJobs(doing(work), tasks(3), { ...limits(3_000), clock: () => NOW });
    await vi.advanceTimersByTimeAsync(3_000);
    expect(kinds(await working)).toEqual(['left', 'left', 'left']);
    expect(work).toHaveBeenCalledTimes(1);
  });

  test('loses what a job throws after its time, without harm to the worker', async () => {
    const all = await ended(
      doing(async () => {
        await wait(3_500);
        throw new Error('too late');
      }),
      1,
      { time: 3_000 },
    );
    expect(kinds(all)).toEqual(['failed']);
    // An unhandled rejection would fail this test file.
    await vi.advanceTimersByTimeAsync(10_000);
  });
});
