import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import { int, intList } from '../cli/terminal/options.ts';
import { readRun, readSchedule } from '../functions/core/ledger/runs.ts';
import { readDepth } from '../functions/core/queue/queue.ts';
import { fire } from '../functions/core/schedule/fire.ts';
import { count } from '../text/format.ts';
import type { Benchmark, Context, Row } from './benchmark.ts';
import { type Figure, figureOf, figureText } from './figure.ts';
import { startOneTick } from './one-tick.ts';
import { type Calls, makePlace } from './place.ts';
import { inTurn } from './rounds.ts';

interface Options {
  jobs: number[];
  jobsPerMessage: number;
}

export interface SchedulerRow extends Row {
  settings: { jobs: number; jobsPerMessage: number };
  /** From the firing until the last job is in the queue and the tick is closed. */
  seconds: Figure;
  /** Of this process, user and system. */
  cpuSeconds: Figure;
  /** How many invocations it took, and how long the longest ran. */
  invocations: number;
  longestSeconds: Figure;
  calls: Calls;
}

interface Measured {
  ms: number;
  cpuMs: number;
  invocations: number;
  longestMs: number;
  calls: Calls;
}

/** The scheduler's time limit, in milliseconds (infra-cdk/constructs/scheduler.ts). */
const TIMEOUT_MS = 120_000;

export const scheduler: Benchmark<Options, SchedulerRow> = {
  name: 'scheduler',
  title: 'One tick, from due to enqueued',
  about: `The scheduler's own code (\`functions/core/schedule/fire.ts\`) in this process, against the emulator's DynamoDB and SQS. A run is
started with X jobs, its first tick fires, and the clock stops when the tick is closed. Afterwards the run's \`enqueued\` must be X and
the queue must hold exactly the messages of X jobs; otherwise the benchmark fails. An invocation ends at the function's time
limit (${TIMEOUT_MS / 1_000} s), and the next one carries on.`,

  register(command: Command) {
    command
      .option('--jobs <list>', 'jobs of the tick', intList(1, 1_000_000), [1_000, 10_000, 100_000, 1_000_000])
      .option('--jobs-per-message <n>', 'as the setting', int(1, 500), 10);
  },

  async run(context) {
    const { jobs, jobsPerMessage } = context.options;
    const measured = await inTurn(jobs, context.rounds, (x) => measure(context, x));
    return [...measured].map(([x, values]) => ({
      benchmark: 'scheduler',
      settings: { jobs: x, jobsPerMessage },
      seconds: figureOf(values.map(({ ms }) => ms / 1_000)),
      cpuSeconds: figureOf(values.map(({ cpuMs }) => cpuMs / 1_000)),
      invocations: Math.max(...values.map(({ invocations }) => invocations)),
      longestSeconds: figureOf(values.map(({ longestMs }) => longestMs / 1_000)),
      calls: values[0]?.calls ?? {},
    }));
  },

  section(rows) {
    const kinds = [...new Set(rows.flatMap(({ calls }) => Object.keys(calls)))];
    return {
      tables: [
        {
          heads: ['jobs', 'seconds', 'jobs/s', 'CPU seconds', 'invocations', 'longest', ...kinds],
          aligns: Array.from({ length: 6 + kinds.length }, () => 'right' as const),
          rows: rows.map(({ settings, seconds, cpuSeconds, invocations, longestSeconds, calls }) => [
            count(settings.jobs),
            figureText(seconds, twoDigits),
            count(settings.jobs / seconds.median),
            figureText(cpuSeconds, twoDigits),
            count(invocations),
            `${longestSeconds.max.toFixed(1)} s`,
            ...kinds.map((kind) => count(calls[kind] ?? 0)),
          ]),
        },
      ],
      charts: [
        {
          name: 'scheduler',
          title: 'Time to enqueue one tick',
          kind: 'lines',
          x: { title: 'jobs', values: rows.map(({ settings }) => count(settings.jobs)) },
          y: { title: 'seconds', logarithmic: true },
          series: [{ name: 'seconds', values: rows.map(({ seconds }) => seconds) }],
        },
      ],
      remarks: 'The old system’s record was 100,000 jobs in a minute.',
    };
  },
};

const twoDigits = (value: number) => value.toFixed(2);

async function measure(context: Context<Options>, x: number): Promise<Measured> {
  const { jobsPerMessage } = context.options;
  const place = await makePlace(await context.cloud());
  try {
    const { table, jobs } = place;
    const runId = await startOneTick(table, x);
    place.forget();
    const cpu = process.cpuUsage();
    const begun = performance.now();
    let invocations = 0;
    let longestMs = 0;
    for (let unfinished = true; unfinished; ) {
      context.signal.throwIfAborted();
      const began = performance.now();
      const scheduler = {
        table,
        jobs,
        settings: { jobsPerMessage, minMessages: 1 },
        clock: Date.now,
        sleep,
      };
      const fired = await fire(
        { ...scheduler, name: `invocation-${++invocations}` },
        Date.now(),
        Date.now() + TIMEOUT_MS,
      );
      unfinished = fired.unfinished;
      longestMs = Math.max(longestMs, performance.now() - began);
    }
    const ms = performance.now() - begun;
    const { user, system } = process.cpuUsage(cpu);
    const calls = { ...place.calls };
    const enqueued = (await readRun(table, runId))?.enqueued;
    const { visible } = await readDepth(jobs);
    const { openTicks } = await readSchedule(table);
    if (enqueued !== x || visible !== Math.ceil(x / jobsPerMessage) || openTicks.length > 0)
      throw new Error(
        `${x} jobs were due, ${enqueued} are counted as enqueued, the queue holds ${visible} messages`,
      );
    context.progress(`${count(x)} jobs: ${(ms / 1_000).toFixed(2)} s`);
    return { ms, cpuMs: (user + system) / 1_000, invocations, longestMs, calls };
  } finally {
    await place.remove();
  }
}
