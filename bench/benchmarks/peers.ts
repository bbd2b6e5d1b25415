import { type Command, InvalidArgumentError } from 'commander';
import { count, counted, percent } from '../../cli/terminal/format.ts';
import { int, intList } from '../../cli/terminal/options.ts';
import type { Benchmark, Section, Table } from '../harness/benchmark.ts';
import { figureText } from '../harness/figures.ts';
import { measureSystems, nameOf, type SystemName, type ThroughputRow } from '../harness/throughput.ts';
import { defaultPacking } from '../peers/drumline.ts';
import { openSystems, type SystemOptions } from '../peers/open-systems.ts';

export interface Options extends SystemOptions {
  workers: number[];
  workMs: number[];
  jobs?: number;
  seconds: number;
}

/** In the order in which they are measured and shown. */
const SYSTEMS: Record<SystemName, string> = {
  drumline: 'Drumline',
  rabbitmq: 'the old RabbitMQ/Redis system',
  bullmq: 'BullMQ',
  powertools: 'a Powertools handler',
};
const NAMES = Object.keys(SYSTEMS) as SystemName[];

/** Jobs per message by default until the default became auto. */
const FORMER_DEFAULT = 50;

/** The number of workers for which the headline compares the systems. */
const COMPARED_WORKERS = 2;

export const peers: Benchmark<Options, ThroughputRow> = {
  name: 'peers',
  question: 'How fast is it, compared with what?',
  method: `Four systems run the same jobs (the work of \`functions/job.ts\`) in turn, with the same Elasticsearch and the same index settings:

- *drumline*: the deployed stack with several values of \`jobsPerMessage\`.
- *rabbitmq*: a rebuild of the old RabbitMQ/Redis system: RabbitMQ with a durable queue and persistent messages; one Node.js process per worker with
  prefetch 10. For each job: one index request, one \`INCR\` in Redis, one acknowledgement.
- *bullmq*: BullMQ with one Node.js process per worker and concurrency 10. For each job: one index request and one \`INCR\`. Finished jobs are not kept.
- *powertools*: a Lambda handler with Powertools' batch processing and idempotency (\`bench/peers/powertools-handler.ts\`), on the same
  emulator as Drumline. For each job: one index request, one DynamoDB \`ADD\`, and two DynamoDB requests for idempotency.

A warm-up that is not counted comes first. Each measurement then has enough jobs for about \`--seconds\` at the system's measured pace, or, for jobs
that wait, at the ideal pace. A figure counts only if every job has exactly one document afterwards and the system's own counter
equals the number of jobs. Drumline's time runs from the claim of the tick to the last job's count, so it includes enqueueing. The peers' jobs are in their
queues before the measurement. A peer's time runs from the start of the first job to the end of the last job.

RabbitMQ and Redis (without persistence) come from Debian's packages \`rabbitmq-server\` and \`redis-server\`. The benchmark starts them on
127.0.0.1 and stops them at its end; \`--rabbitmq URL\` and \`--redis URL\` use running servers. A peer whose server is not installed is left out.`,

  register(command: Command) {
    command
      .option('--systems <list>', `which systems to measure: ${NAMES.join(',')}`, systemNames, NAMES)
      .option('--workers <list>', 'numbers of workers', intList(1, 100), [1, 2, 4])
      .option('--work-ms <list>', 'how long each job waits, in milliseconds', intList(0, 10_000), [0, 100])
      .option('--jobs-per-message <list>', 'values to measure beside the default', intList(1, 500), [25])
      .option('--seconds <n>', 'approximate length of one measurement', int(1, 600), 10)
      .option('--jobs <n>', 'jobs of each measurement, instead of --seconds', int(1, 1_000_000))
      .option('--rabbitmq <url>', 'use this RabbitMQ')
      .option('--redis <url>', 'use this Redis');
  },

  async run(context) {
    const { workMs, workers, jobs, seconds } = context.options;
    const systems = await openSystems(context);
    const cases = workMs.flatMap((ms) =>
      workers.flatMap((each) => systems.map((system) => ({ system, load: { workers: each, workMs: ms } }))),
    );
    return measureSystems(context, 'peers', cases, jobs === undefined ? { seconds } : { jobs });
  },

  section(rows): Section {
    const missing = NAMES.filter((name) => !rows.some(({ system }) => system === name));
    const workTimes = [...new Set(rows.map(({ workMs }) => workMs))];
    return [
      ...headline(rows, workTimes),
      ...explanation(rows),
      ...workTimes.map((workMs) => throughputTable(rows, workMs)),
      ...sharesText(rows),
      ...missing.map((name) => `Not measured: ${SYSTEMS[name]} (*${name}*).`),
    ];
  },
};

/** Reads `drumline,bullmq`, for commander. */
function systemNames(text: string): SystemName[] {
  const chosen = text.split(',').map((part) => part.trim());
  const stray = chosen.find((one) => !NAMES.some((name) => name === one));
  if (stray !== undefined)
    throw new InvalidArgumentError(`There is no system "${stray}". Choose from: ${NAMES.join(', ')}.`);
  return NAMES.filter((name) => chosen.includes(name));
}

/** The packing of Drumline that is compared: the default one, or the former default in records from before it was auto. */
function comparedPacking(rows: readonly ThroughputRow[]) {
  const { jobsPerMessage } = defaultPacking();
  const isRecorded = rows.some(({ settings }) => settings.jobsPerMessage === jobsPerMessage);
  return isRecorded ? jobsPerMessage : FORMER_DEFAULT;
}

/** Drumline's row with the compared packing; the row of any other system. */
function rowOf(rows: readonly ThroughputRow[], name: SystemName, workMs: number, workers: number) {
  const wanted = comparedPacking(rows);
  return rows.find(
    ({ system, settings, ...load }) =>
      system === name &&
      load.workMs === workMs &&
      load.workers === workers &&
      (system !== 'drumline' || settings.jobsPerMessage === wanted),
  );
}

/** How many times as fast Drumline is with the compared packing; undefined if either was not measured. */
function timesFaster(rows: readonly ThroughputRow[], peer: SystemName, workMs: number): number | undefined {
  const ours = rowOf(rows, 'drumline', workMs, COMPARED_WORKERS);
  const theirs = rowOf(rows, peer, workMs, COMPARED_WORKERS);
  return ours && theirs && ours.jobsPerMinute.median / theirs.jobsPerMinute.median;
}

function headline(rows: readonly ThroughputRow[], workTimes: number[]): Section {
  const systems = NAMES.filter((name) => rowOf(rows, name, workTimes[0] ?? 0, COMPARED_WORKERS));
  if (systems.length === 0) return [];
  const packing = comparedPacking(rows);
  const settings = packing === FORMER_DEFAULT ? `${packing} jobs per message` : 'its default settings';
  return [
    `Jobs per minute with ${COMPARED_WORKERS} workers, Drumline with ${settings}:`,
    {
      heads: ['system', ...workTimes.flatMap((workMs) => [workOf(workMs), 'Drumline is faster by'])],
      rows: systems.map((name) => [
        SYSTEMS[name],
        ...workTimes.flatMap((workMs) => {
          const row = rowOf(rows, name, workMs, COMPARED_WORKERS);
          const times = name === 'drumline' ? undefined : timesFaster(rows, name, workMs);
          return [row ? count(row.jobsPerMinute.median) : '–', times === undefined ? '' : timesText(times)];
        }),
      ]),
    },
  ];
}

function explanation(rows: readonly ThroughputRow[]): string[] {
  const [noOp, waiting] = [timesFaster(rows, 'bullmq', 0), timesFaster(rows, 'bullmq', 100)];
  if (noOp === undefined || waiting === undefined) return [];
  return [
    `**Why it is faster with no-op jobs.** A no-op job consists only of overhead. A worker of BullMQ or of the old system sends one index request to Elasticsearch and one \`INCR\` to Redis for each job. A Drumline worker takes up to several hundred jobs at once, writes their documents with one bulk request and counts them in one DynamoDB transaction. A Powertools handler sends one index request and three DynamoDB requests for each job, and its batch of ten ends with its slowest job.`,
    `**Where it is not much faster.** Jobs that wait 100 ms spend their time waiting, whichever system runs them. With ten jobs at a time, a worker processes at most 6,000 jobs/min. Drumline’s gain over BullMQ is then ${percent(waiting - 1)}, not ${timesText(noOp)}.`,
    `**What is not compared.** A BullMQ worker that collected its documents and wrote them in bulk would narrow the gap for no-op jobs; such a worker is not measured here. The delay of a single job is not measured either. The counters differ in strength: Drumline’s count each job exactly once, and an \`INCR\` can count a job again after a crash.`,
  ];
}

function throughputTable(rows: readonly ThroughputRow[], workMs: number): Table {
  const some = rows.filter((row) => row.workMs === workMs);
  const workers = [...new Set(some.map((row) => row.workers))];
  const names = [...new Set(some.map(({ system, settings }) => nameOf(system, settings)))];
  const cell = (name: string, workers: number) => {
    const row = some.find((row) => row.workers === workers && nameOf(row.system, row.settings) === name);
    return row ? figureText(row.jobsPerMinute) : '–';
  };
  return {
    title: `Jobs per minute, ${workOf(workMs)}`,
    heads: ['system', ...workers.map((each) => counted(each, 'worker'))],
    rows: names.map((name) => [name, ...workers.map((each) => cell(name, each))]),
  };
}

/** How evenly Drumline's workers share the jobs, for the largest number of workers. */
function sharesText(rows: readonly ThroughputRow[]): string[] {
  const workers = Math.max(...rows.map((row) => row.workers));
  const shares = [...new Set(rows.map(({ workMs }) => workMs))].flatMap((workMs) => {
    const row = rowOf(rows, 'drumline', workMs, workers);
    const ratio = row && figureText(row.shareRatio, (value) => value.toFixed(2));
    return ratio ? [`${ratio} times (${workOf(workMs)})`] : [];
  });
  if (workers === 1 || shares.length === 0) return [];
  return [
    `Drumline’s ${workers} workers share the jobs evenly: the largest share is ${shares.join(' and ')} the smallest.`,
  ];
}

export function workOf(workMs: number): string {
  return workMs === 0 ? 'no-op jobs' : `jobs of ${count(workMs)} ms`;
}

/** `9.30×`, `149.1×` */
function timesText(times: number): string {
  return `${times.toFixed(times < 10 ? 2 : 1)}×`;
}
