import { markdownTable } from '../cli/terminal/table.ts';
import type { Row } from './benchmark.ts';
import type { ColdRow } from './cold.ts';
import type { CostRow } from './cost/benchmark.ts';
import { cheaperBy, usualRow } from './cost/section.ts';
import { usualPacking } from './drumline.ts';
import type { PeerRow } from './peers/benchmark.ts';
import type { Record } from './record.ts';
import type { ScalingRow } from './scaling.ts';
import type { SchedulerRow } from './scheduler.ts';
import type { StatusRow } from './status/benchmark.ts';
import type { WorkerRow } from './worker/benchmark.ts';

/** Something to reach: at least, and better. */
interface Goal {
  what: string;
  least: number;
  aim: number;
  /** Whether it is to be less than these, not more. */
  less?: true;
  text: (value: number) => string;
  /** What was measured; nothing where it was not. */
  measured: (kept: Kept) => number | undefined;
  /** What stands in the way of the aim, by a profile; for the page, where the aim is not reached. */
  obstacle: string;
}

/** What is kept of each benchmark. */
type Kept = <Kind extends Row>(benchmark: string) => Kind[];

const times = (value: number) => `${value.toFixed(2)}×`;
const share = (value: number) => `${(value * 100).toFixed(1)} %`;
const seconds = (value: number) => `${value.toFixed(1)} s`;
const milliseconds = (value: number) => `${value.toFixed(1)} ms`;
const kilobytes = (value: number) => `${(value / 1_000).toFixed(0)} kB`;
const megabytes = (value: number) => `${value.toFixed(0)} MB`;

const WAITS =
  'A profile (`--cpu-prof` of the deployed bundle) has a worker wait for nine tenths of the time: for Elasticsearch’s answer to the bulk, and for the transaction. Both run on the same two cores as all systems here, and Elasticsearch takes no more documents a second';

/** As many workers as the old system’s own test had. */
const COMPARED_AT = 2;

const GOALS: Goal[] = [
  ...(
    [
      ['the old system', 'seed', 6, 10],
      ['BullMQ', 'bullmq', 1, 5],
      ['the Powertools way', 'powertools', 1, 5],
    ] as const
  ).map(
    ([name, system, least, aim]): Goal => ({
      ...{
        what: `no-op jobs, ${COMPARED_AT} workers, as many times as fast as ${name}`,
        least,
        aim,
        text: times,
      },
      measured: (kept) => ratioTo(kept<PeerRow>('peers'), system),
      obstacle: `${WAITS}.`,
    }),
  ),
  {
    what: 'jobs that wait 100 ms, of the ideal with one worker',
    ...{ least: 0.92, aim: 0.97, text: share },
    measured: (kept) =>
      map(
        kept<ScalingRow>('scaling').find(({ workers }) => workers === 1),
        ({ jobsPerMinute, ideal }) => jobsPerMinute.median / ideal,
      ),
    obstacle:
      'Between two batches of a worker the mapping takes up to 50 ms, and the last batch of a run is seldom full.',
  },
  ...(
    [
      [2, 1.9, 1.97],
      [4, 3.7, 3.9],
      [8, 7, 7.6],
    ] as const
  ).map(
    ([workers, least, aim]): Goal => ({
      ...{ what: `the same, ${workers} workers, as many times as fast as one`, least, aim, text: times },
      measured: (kept) => speedUp(kept<ScalingRow>('scaling'), workers),
      obstacle:
        'Eight workers, Elasticsearch and the emulator share two cores; and at a run’s end some have nothing left to do.',
    }),
  ),
  {
    what: 'the largest of 4 workers’ shares, by the smallest',
    ...{ less: true, least: 1.25, aim: 1.1, text: times },
    measured: (kept) =>
      map(
        kept<ScalingRow>('scaling').find(({ workers }) => workers === 4),
        ({ unevenness }) => unevenness.median,
      ),
    obstacle: 'A run is a whole number of batches a worker, and one more or less is most of the difference.',
  },
  ...(
    [
      [100_000, 10, 3],
      [1_000_000, 120, 30],
    ] as const
  ).map(
    ([jobs, least, aim]): Goal => ({
      ...{
        what: `a tick of ${jobs.toLocaleString('en')} jobs, enqueued`,
        less: true,
        least,
        aim,
        text: seconds,
      },
      measured: (kept) =>
        map(
          kept<SchedulerRow>('scheduler').find(({ settings }) => settings.jobs === jobs),
          ({ seconds }) => seconds.median,
        ),
      obstacle:
        'The emulator takes a SendMessageBatch in about two milliseconds of one core, however many are under way.',
    }),
  ),
  {
    what: 'status with 1,000 workers’ counters, p99',
    ...{ less: true, least: 50, aim: 15, text: milliseconds },
    measured: (kept) =>
      map(
        kept<StatusRow>('status').find(
          ({ way, settings }) => way === 'handler' && settings.workers === 1_000,
        ),
        ({ p99 }) => p99.median,
      ),
    obstacle:
      'The emulator. Its answer to the query for a thousand items, asked by plain HTTP with nothing of ours around it, took 39 ms in the middle and 55 at the 97th of 100; the AWS SDK and our code add 7. DynamoDB answers a query of 160 kB in one page as well.',
  },
  {
    what: 'queue and ledger, as many times cheaper than the Powertools way',
    ...{ least: 10, aim: 20, text: times },
    measured: (kept) => cheaper(kept<CostRow>('cost')),
    obstacle: 'An item a message is written twice by its transaction.',
  },
  {
    what: 'the consumer’s bundle',
    ...{ less: true, least: 1_000_000, aim: 500_000, text: kilobytes },
    measured: (kept) => map(consumer(kept<ColdRow>('cold')), ({ bytes }) => bytes),
    obstacle: 'Three AWS clients and Elasticsearch’s are nine tenths of it.',
  },
  {
    what: 'the consumer’s time to load',
    ...{ less: true, least: 100, aim: 60, text: milliseconds },
    measured: (kept) => map(consumer(kept<ColdRow>('cold')), ({ loadMs }) => loadMs.median),
    obstacle: 'Compiling and running half a megabyte of AWS’s and Elasticsearch’s clients is all of it.',
  },
  {
    what: 'a worker’s memory through a million jobs',
    ...{ less: true, least: 128, aim: 100, text: megabytes },
    measured: (kept) => largest(kept<WorkerRow>('worker')),
    obstacle: 'Node.js alone takes half of it; the heap in use is a tenth.',
  },
];

/** What there was to reach, and how far it got; from what is kept, so that it can’t contradict the rest of the page. */
export function reach(records: readonly Record[]): string {
  const kept: Kept = <Kind extends Row>(name: string) =>
    (records.find(({ benchmark }) => benchmark === name)?.rows ?? []) as Kind[];
  const known = GOALS.flatMap((goal) => {
    const value = goal.measured(kept);
    return value === undefined ? [] : [{ goal, value }];
  });
  if (known.length === 0) return '';
  const rows = known.map(({ goal, value }) => [
    goal.what,
    ...[goal.least, goal.aim, value].map(goal.text),
    meets(goal, value, goal.aim)
      ? 'reached'
      : meets(goal, value, goal.least)
        ? 'at least'
        : '**not reached**',
  ]);
  const heads = ['what', 'at least', 'aim', 'measured', ''];
  const table = markdownTable(heads, rows, ['left', 'right', 'right', 'right', 'left']);
  const short = known.filter(({ goal, value }) => !meets(goal, value, goal.aim));
  const obstacles = short.map(({ goal }) => `- ${goal.what}: ${goal.obstacle}`);
  return [
    '## What there was to reach',
    table,
    ...(short.length > 0 ? ['What stands in the way of the rest:', obstacles.join('\n')] : []),
  ].join('\n\n');
}

function meets({ less }: Goal, value: number, bound: number): boolean {
  return less ? value <= bound : value >= bound;
}

/** Ours by default, against a peer. */
function ratioTo(rows: PeerRow[], system: PeerRow['system']): number | undefined {
  const { jobsPerMessage } = usualPacking();
  const some = rows.filter(({ workers, workMs }) => workers === COMPARED_AT && workMs === 0);
  const ours = some.find(
    (row) => row.system === 'drumline' && row.settings.jobsPerMessage === jobsPerMessage,
  );
  const peer = some.find((row) => row.system === system);
  return ours && peer && ours.jobsPerMinute.median / peer.jobsPerMinute.median;
}

function speedUp(rows: ScalingRow[], workers: number): number | undefined {
  const pace = (of: number) => rows.find((row) => row.workers === of)?.jobsPerMinute.median;
  const [one, many] = [pace(1), pace(workers)];
  return one === undefined || many === undefined ? undefined : many / one;
}

function cheaper(rows: CostRow[]): number | undefined {
  const ours = usualRow(rows);
  const peer = rows.find(({ system }) => system === 'powertools');
  return ours && peer && cheaperBy(ours, peer);
}

function consumer(rows: ColdRow[]): ColdRow | undefined {
  return rows.find(({ settings }) => settings.function === 'consumer');
}

function largest(rows: WorkerRow[]): number | undefined {
  const sizes = rows.flatMap((row) => (row.kind === 'memory' ? row.samples.map(({ rssMb }) => rssMb) : []));
  return sizes.length > 0 ? Math.max(...sizes) : undefined;
}

function map<Kind, Value>(found: Kind | undefined, of: (found: Kind) => Value): Value | undefined {
  return found === undefined ? undefined : of(found);
}
