import type { Plan } from '../../plan/plan.ts';
import { PRICES_AS_OF, type Service } from '../../plan/prices.ts';
import { count, counted, elapsed } from '../terminal/format.ts';
import type { Colors } from '../terminal/output.ts';
import { table } from '../terminal/table.ts';
import type { Warning } from './plan-warnings.ts';
import { scheduleText } from './schedule-text.ts';

/** The plan as text. */
export function planText(plan: Plan, warnings: Warning[], colors: Colors): string {
  const { bold, green, yellow } = colors;
  const { workload } = plan;
  const { workMs } = workload;
  return [
    bold(
      `${scheduleText({ ...workload, pace: 'burst' })}, ${workMs > 0 ? `${elapsed(workMs)} each` : 'no work'}`,
    ),
    '',
    tickText(plan),
    '',
    costText(plan),
    '',
    quotaText(plan),
    '',
    ...(warnings.length > 0
      ? warnings.map(({ setting, message }) => yellow(`! ${setting}: ${message}`))
      : [green('✔ No problems found.')]),
  ].join('\n');
}

const BOTTLENECKS = {
  workers: 'the workers',
  scheduler: 'the scheduler, which sends the messages',
  ledger: 'the partitions of the counters',
};

function tickText({ packing, sizing, batchMs, drain, workersNeeded, workload }: Plan): string {
  const { messages, batches, batchJobs } = packing;
  const needed =
    workersNeeded === null
      ? 'more than the maximum'
      : `${count(workersNeeded)} (concurrency is ${count(sizing.concurrency)})`;
  return table(
    ['Each tick', ''],
    [
      [
        'Size',
        `${counted(messages, 'message')}, in ${count(batches)} ${batches === 1 ? 'batch' : 'batches'} of up to ${counted(batchJobs, 'job')}`,
      ],
      ['Batch duration', elapsed(batchMs)],
      ['Workers needed', needed],
      [
        'Tick duration',
        `${elapsed(drain.ms)} of ${counted(workload.y, 'minute')}; bottleneck: ${BOTTLENECKS[drain.bound]}`,
      ],
    ],
  );
}

function costText({ month }: Plan): string {
  const { jobs, dollars, total } = month;
  const perMillion = (amount: number) => money((amount / jobs) * 1_000_000);
  const rows = (Object.entries(dollars) as [Service, number][]).filter(([, amount]) => amount > 0);
  const lines = table(
    [`Cost per month, ${count(jobs)} jobs`, 'dollars', 'per million jobs'],
    [...rows, ['Total', total] as const].map(([name, amount]) => [name, money(amount), perMillion(amount)]),
    ['left', 'right', 'right'],
  );
  return `${lines}\nPrices in ${PRICES_AS_OF.region} as of ${PRICES_AS_OF.on}, without free tiers. Elasticsearch and what the jobs use are not included.`;
}

function quotaText({ quotas }: Plan): string {
  return table(
    ['AWS limit, at peak load', 'used', 'limit', '', 'settings'],
    quotas.map(({ name, used, limit, unit, movedBy }) => [
      name,
      count(used),
      count(limit),
      unit,
      movedBy.join(', '),
    ]),
    ['left', 'right', 'right'],
  );
}

/** `12.34`; amounts below a dollar with four decimals: `0.0438`. */
function money(dollars: number): string {
  return dollars >= 1 || dollars === 0 ? dollars.toFixed(2) : dollars.toFixed(4);
}
