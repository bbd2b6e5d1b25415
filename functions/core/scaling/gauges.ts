import type { Table } from '../ledger/table.ts';
import { oldestPendingAt, type Totals } from '../ledger/totals.ts';
import type { MetricValues } from '../model/metrics.ts';
import type { Work } from './figures.ts';

/**
 * Reads the metrics of the newest run that do not belong to one batch or tick. Empty if the run has ended and is drained,
 * and before the first run.
 * @param now milliseconds since 1970
 * @throws Unavailable
 */
export async function readGauges(
  table: Table,
  { totals, schedule }: Pick<Work, 'totals' | 'schedule'>,
  now: number,
): Promise<MetricValues> {
  if (!totals) return {};
  return gaugesOf(totals, await oldestPendingAt(table, totals), schedule?.periodMs, now);
}

/**
 * @param oldestAt when the oldest pending job was due, in milliseconds since 1970; undefined if none is pending
 * @param periodMs the time between two ticks; undefined if no run is active
 */
export function gaugesOf(
  { run, processed, failed }: Pick<Totals, 'run' | 'processed' | 'failed'>,
  oldestAt: number | undefined,
  periodMs: number | undefined,
  now: number,
): MetricValues {
  const pending = run.enqueued - processed - failed;
  if (!run.active && pending === 0) return {};
  const waitMs = oldestAt === undefined ? 0 : Math.max(0, now - oldestAt);
  const period = typeof run.y === 'number' ? run.y * 60_000 : periodMs;
  return {
    pending,
    oldestWait: Math.round(waitMs / 1_000),
    overdue: period && Math.round(Math.max(0, waitMs - period) / 1_000),
  };
}
