import type { Plan } from '../../plan/plan.ts';
import { PRICED, type Service } from '../../plan/prices.ts';
import { count, counted, elapsed } from '../../text/format.ts';
import type { Colors } from '../terminal/output.ts';
import { table } from '../terminal/table.ts';
import { scheduleText } from './run-report.ts';

/** The plan for people. */
export function planText(plan: Plan, colors: Colors): string {
  const { bold, green, yellow } = colors;
  const { workload, warnings } = plan;
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

const BOUNDS = {
  workers: 'the workers decide it',
  scheduler: 'the scheduler’s sending decides it',
  ledger: 'the counters’ partitions decide it',
};

function tickText({ packing, sizing, batchMs, drain, workersNeeded, workload }: Plan): string {
  const { messages, batches, batchJobs } = packing;
  const needed =
    workersNeeded === null
      ? 'more than the maximum'
      : `${count(workersNeeded)} (concurrency is ${count(sizing.concurrency)})`;
  return table(
    ['A tick', ''],
    [
      [
        'Packed in',
        `${counted(messages, 'message')}, ${count(batches)} ${batches === 1 ? 'batch' : 'batches'} of up to ${counted(batchJobs, 'job')}`,
      ],
      ['A batch takes', elapsed(batchMs)],
      ['Workers needed', needed],
      ['Done after', `${elapsed(drain.ms)} of ${counted(workload.y, 'minute')}; ${BOUNDS[drain.bound]}`],
    ],
  );
}

function costText({ month }: Plan): string {
  const { jobs, dollars, total } = month;
  const perMillion = (amount: number) => money((amount / jobs) * 1_000_000);
  const rows = Object.entries(dollars) as [Service, number][];
  const lines = table(
    [`A month, ${count(jobs)} jobs`, 'dollars', 'a million jobs'],
    [...rows, ['Together', total] as const].map(([name, amount]) => [
      name,
      money(amount),
      perMillion(amount),
    ]),
    ['left', 'right', 'right'],
  );
  return `${lines}\nPrices of ${PRICED.region} on ${PRICED.on}, without free tiers; Elasticsearch and what the job uses come on top.`;
}

function quotaText({ quotas }: Plan): string {
  return table(
    ['AWS’s limits, at the busiest', 'taken', 'of', '', 'moved by'],
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

/** `12.34`, and of less than a dollar what there is to see. */
function money(dollars: number): string {
  return dollars >= 1 || dollars === 0 ? dollars.toFixed(2) : dollars.toFixed(4);
}
