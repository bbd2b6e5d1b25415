import { join } from 'node:path';
import type { Command } from 'commander';
import { count } from '../../cli/terminal/format.ts';
import { int, intList } from '../../cli/terminal/options.ts';
import { readRun, readSchedule } from '../../functions/core/ledger/runs.ts';
import { readDepth } from '../../functions/core/queue/queue.ts';
import { fireScheduler, startOneTick, variablesOf, withPipeline } from '../../test/fixtures/pipeline.ts';
import { type Benchmark, type Context, type Row, tableOf } from '../harness/benchmark.ts';
import { type BundledScript, bundleScript } from '../harness/bundled-process.ts';
import { type Figure, figureOf, figureText, measureInTurn } from '../harness/figures.ts';
import type { Effort, Work } from './function-process.ts';

interface Options {
  jobs: number[];
  jobsPerMessage: number;
  items: number;
  itemBytes: number;
}

/** A tick of numbered jobs, or of a list whose items all belong to it. */
interface TickShape {
  jobs: number;
  /** Bytes of an item as JSON; unset for numbered jobs. */
  itemBytes?: number;
}

/** The effort of one function. */
interface EffortFigures extends Pick<Effort, 'invocations' | 'calls'> {
  seconds: Figure;
  /** CPU time, user and system. */
  cpuSeconds: Figure;
  /** The largest resident set of the process, in megabytes. */
  maxRssMb: Figure;
}

interface SchedulerRow extends Row, EffortFigures {
  settings: TickShape & { jobsPerMessage: number };
  /** Reading the list into a pass, before the tick. */
  reader?: EffortFigures;
}

/** The scheduler's time limit, in milliseconds (infra-cdk/constructs/scheduler.ts). */
const TIMEOUT_MS = 120_000;

export const scheduler: Benchmark<Options, SchedulerRow> = {
  name: 'scheduler',
  question: 'How long does a tick take to enqueue?',
  method: `The scheduler's own code (\`functions/core/schedule/fire.ts\`) runs in a process of its own, bundled, against the emulator's DynamoDB and
SQS. A run with X jobs is started, and its first tick fires. The time ends when the tick is closed. Afterwards the run's
\`enqueued\` must be X, and the queue must hold exactly the messages of X jobs; otherwise the benchmark fails. An invocation
ends at the function's time limit (${TIMEOUT_MS / 1_000} s), and the next one continues. The memory is the largest resident set of the
process; about 80 MB of it are Node.js and the AWS SDK.

For a list, the reader's own code (\`functions/core/items/read-pass.ts\`) first reads all items into a pass, in a process of its own.
The items are made while they are read, 1,000 per page, so the time does not include a source.`,

  register(command: Command) {
    command
      .option('--jobs <list>', 'jobs of the tick', intList(1, 1_000_000), [1_000, 10_000, 100_000, 1_000_000])
      .option('--jobs-per-message <n>', 'the setting', int(1, 500), 10)
      .option('--items <n>', 'items of the list; 0 skips it', int(0, 10_000_000), 1_000_000)
      .option('--item-bytes <n>', 'bytes of an item as JSON', int(20, 200_000), 200);
  },

  async run(context) {
    const { jobs, jobsPerMessage, items, itemBytes } = context.options;
    const script = await bundleScript(join(import.meta.dirname, 'function-process.ts'));
    context.atEnd(script.remove);
    const shapes: TickShape[] = jobs.map((x) => ({ jobs: x }));
    if (items > 0) shapes.push({ jobs: items, itemBytes });
    const measured = await measureInTurn(shapes, context.rounds, (shape) => measure(context, script, shape));
    return [...measured].map(
      ([shape, values]): SchedulerRow => ({
        benchmark: 'scheduler',
        settings: { ...shape, jobsPerMessage },
        ...effortFigures(values.map(({ scheduler: effort }) => effort)),
        ...(shape.itemBytes !== undefined && {
          reader: effortFigures(values.flatMap(({ reader = [] }) => reader)),
        }),
      }),
    );
  },

  section(rows) {
    const numbered = rows.filter(({ reader }) => !reader);
    const lists = rows.flatMap(({ settings, reader, ...enqueued }) =>
      reader
        ? [
            { step: 'read the list', settings, ...reader },
            { step: 'enqueue the tick', settings, ...enqueued },
          ]
        : [],
    );
    return [
      `From the start of the invocation until all jobs of the tick are in the queue, with ${rows[0]?.settings.jobsPerMessage} jobs per message. More jobs per message take less time. The last columns are the requests to AWS.`,
      effortTable(numbered, { jobs: ({ settings }) => count(settings.jobs) }),
      'The old RabbitMQ/Redis system enqueued 100,000 jobs in one minute (its own report).',
      ...lists
        .slice(0, 1)
        .map(({ settings }) =>
          effortTable(
            lists,
            { '': ({ step }) => step },
            `A list of ${count(settings.jobs)} items of ${settings.itemBytes} bytes`,
          ),
        ),
    ];
  },
};

type Shown = EffortFigures & Pick<SchedulerRow, 'settings'>;

function effortTable<One extends Shown>(
  rows: readonly One[],
  first: Record<string, (row: One) => string>,
  title?: string,
) {
  const kinds = [...new Set(rows.flatMap(({ calls }) => Object.keys(calls)))];
  return tableOf(
    rows,
    {
      ...first,
      seconds: ({ seconds }) => figureText(seconds, twoDigits),
      'jobs/s': ({ settings, seconds }) => count(settings.jobs / seconds.median),
      'CPU seconds': ({ cpuSeconds }) => figureText(cpuSeconds, twoDigits),
      'peak memory, MB': ({ maxRssMb }) => figureText(maxRssMb),
      invocations: ({ invocations }) => count(invocations),
      ...Object.fromEntries(kinds.map((kind) => [kind, ({ calls }: One) => count(calls[kind] ?? 0)])),
    },
    title,
  );
}

function effortFigures(efforts: readonly Effort[]): EffortFigures {
  return {
    seconds: figureOf(efforts.map(({ ms }) => ms / 1_000)),
    cpuSeconds: figureOf(efforts.map(({ cpuMs }) => cpuMs / 1_000)),
    maxRssMb: figureOf(efforts.map(({ maxRssMb }) => maxRssMb)),
    invocations: Math.max(...efforts.map(({ invocations }) => invocations)),
    calls: efforts[0]?.calls ?? {},
  };
}

const twoDigits = (value: number) => value.toFixed(2);

async function measure(
  { options: { jobsPerMessage }, cloud, signal, progress }: Context<Options>,
  script: BundledScript,
  { jobs: x, itemBytes }: TickShape,
): Promise<{ scheduler: Effort; reader?: Effort }> {
  const { aws, elasticsearchUrl } = await cloud();
  return withPipeline(aws, elasticsearchUrl, async (pipeline) => {
    const { table, jobs } = pipeline;
    const run = (work: Work) => script.run<Effort>(work, variablesOf(aws), signal);
    const where = { table: table.name, queueUrl: jobs.url };
    const runId = await startOneTick(table, itemBytes === undefined ? x : 'all');
    let reader: Effort | undefined;
    if (itemBytes !== undefined) {
      const { reading: pass } = await fireScheduler(pipeline, { jobsPerMessage, minMessages: 1 }, TIMEOUT_MS);
      if (!pass) throw new Error('the scheduler opened no pass');
      reader = await run({ ...where, role: 'reader', pass, list: { items: x, itemBytes } });
    }
    const effort = await run({ ...where, role: 'scheduler', jobsPerMessage, timeoutMs: TIMEOUT_MS });
    const enqueued = (await readRun(table, runId))?.enqueued;
    const { visible } = await readDepth(jobs);
    const { openTicks } = await readSchedule(table);
    if (enqueued !== x || visible !== Math.ceil(x / jobsPerMessage) || openTicks.length > 0)
      throw new Error(
        `${x} jobs were due, ${enqueued} were enqueued, and the queue holds ${visible} messages`,
      );
    progress(`${count(x)} jobs: ${(effort.ms / 1_000).toFixed(2)} s`);
    return { scheduler: effort, ...(reader && { reader }) };
  });
}
