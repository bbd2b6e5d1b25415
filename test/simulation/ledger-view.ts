import type { Pace, Period } from '../../functions/core/model/schedule.ts';
import type { Dynamo } from './dynamo.ts';
import type { Item } from './dynamo-expression.ts';

/** A message's record in the ledger. */
export interface RecordView {
  key: string;
  tick: number;
  first: number;
  last: number;
  pending: number[];
  failed: number[];
  /** The failed jobs with at least one recorded attempt, as opposed to jobs whose workers died. */
  blamed: number[];
  processed: number[];
  /** The id of its lease. */
  lease: string | undefined;
}

/** A reading of the list in the ledger. */
export interface PassView {
  pass: number;
  tick: number;
  state: 'reading' | 'complete' | 'failed';
  shared: boolean;
  count: number;
  /** Where to read on, as JSON. */
  cursor?: string;
  openedAt: number;
  starts: number;
  /** Who reads, and until when its claim holds. */
  holder: string;
  leaseUntil: number;
  reason?: string;
  invalid: { count: number };
  segments: { first: number; count: number; key: string }[];
}

/** The ledger's data of one run. Only this file of the simulation knows the ledger's items. */
export interface RunView {
  runId: string;
  run: Item & {
    startedAt: number;
    enqueued: number;
    nextTick: number;
    nextTickAt: number;
    missedTicks: number;
    backfillMinutes: number;
    x: number | 'all';
    y: Period;
    pace: Pace;
    active: boolean;
    list?: true;
    pass: number;
    taken: number;
    lastMiss?: { tick: number; at: number; reason: string };
  };
  ticks: (Record<
    | 'tick'
    | 'dueAt'
    | 'claimedAt'
    | 'spreadMs'
    | 'firstJob'
    | 'count'
    | 'claimed'
    | 'sent'
    | 'jobsPerMessage',
    number
  > & { items?: { pass: number; first: number } })[];
  passes: PassView[];
  processed: number;
  failed: number;
  failedJobs: number[];
  records: Map<string, RecordView>;
}

export function viewRuns(dynamo: Dynamo): RunView[] {
  const records = dynamo.partitions('MESSAGE#').flatMap((pk) => [...dynamo.peek(pk)].map(recordOf));
  return [...dynamo.peek('RUNS')].map((run) => {
    const runId = (run.sk as string).slice('RUN#'.length);
    const counters = dynamo.partitions(`COUNTERS#${runId}#`).flatMap((pk) => [...dynamo.peek(pk)]) as Record<
      string,
      number
    >[];
    const sum = (...fields: string[]) =>
      counters.reduce(
        (total, counter) => total + fields.reduce((all, field) => all + (counter[field] ?? 0), 0),
        0,
      );
    const own = records.filter(({ key }) => key.startsWith(`${runId}#`));
    return {
      runId,
      run: run as RunView['run'],
      ticks: [...dynamo.peek(`RUN#${runId}`, 'TICK#')] as unknown as RunView['ticks'],
      passes: Array.from({ length: run.pass as number }, (_, at) => viewPass(dynamo, runId, at + 1)),
      processed: sum('jobsProcessed', 'retiredProcessed'),
      failed: sum('jobsFailed', 'retiredFailed'),
      failedJobs: own.flatMap((record) => record.failed),
      records: new Map(own.map((record) => [record.key, record])),
    };
  });
}

function viewPass(dynamo: Dynamo, runId: string, pass: number): PassView {
  const items = [...dynamo.peek(`PASS#${runId}#${pass}`)];
  const { passState: state, itemCount: count, ...found } = items.find(({ sk }) => sk === 'PASS') as Item;
  const segments = items.filter(({ sk }) => sk !== 'PASS');
  return { ...found, state, count, segments } as unknown as PassView;
}

/** The number of ticks that are not fully enqueued. */
export function openTicks(dynamo: Dynamo): number {
  const [schedule] = dynamo.peek('SCHEDULE');
  return ((schedule?.openTicks as Set<string> | undefined) ?? new Set()).size;
}

/** Caches by item, because the in-memory DynamoDB replaces items and never changes them. */
const known = new WeakMap<Item, RecordView>();

function recordOf(item: Item): RecordView {
  const cached = known.get(item);
  if (cached) return cached;
  const record = readRecord(item);
  known.set(item, record);
  return record;
}

function readRecord(item: Item): RecordView {
  const key = (item.pk as string).slice('MESSAGE#'.length);
  const [, tick, range] = key.split('#');
  const [first, last] = (range as string).split('-').map(Number) as [number, number];
  const pending = (item.pending ?? []) as number[];
  const failed = (item.failed ?? []) as number[];
  const attempts = (item.attempts ?? {}) as Record<string, { count: number }>;
  const open = new Set([...pending, ...failed]);
  const jobs = Array.from({ length: last - first + 1 }, (_, at) => first + at);
  return {
    key,
    tick: Number(tick),
    first,
    last,
    pending,
    failed,
    blamed: failed.filter((job) => (attempts[job]?.count ?? 0) > 0),
    processed: jobs.filter((job) => !open.has(job)),
    lease: (item.lease as { id: string } | undefined)?.id,
  };
}
