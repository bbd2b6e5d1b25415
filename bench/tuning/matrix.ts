import { jobsPerBatch } from '../../cli/runs/scaling-test.ts';
import { TimeBudget } from '../../functions/core/consume/time-budget.ts';
import type { Contender } from '../contender.ts';

/** A cell of the table: settings, and how long jobs wait, in milliseconds. */
export interface Cell {
  packing: Contender['packing'];
  workMs: number;
}

/** What the table is made of. */
export interface Axes {
  jobsPerMessage: number[];
  batchSize: number[];
  jobConcurrency: number[];
  workMs: number[];
  full?: boolean;
}

/** Where a setting differs from the usual, these will do: few jobs a message, and many. */
const TELLING = new Set([10, 50]);

/**
 * The cells that are measured: every jobsPerMessage with the usual other settings; of the others one at a time, with
 * few and with many jobs a message. With `full`, all of them.
 */
export function cellsOf(axes: Axes, usual: Contender['packing']): Cell[] {
  const cells = axes.workMs.flatMap((workMs) =>
    axes.batchSize.flatMap((batchSize) =>
      axes.jobConcurrency.flatMap((jobConcurrency) =>
        axes.jobsPerMessage.map((jobsPerMessage): Cell => {
          return { workMs, packing: { batchSize, jobsPerMessage, jobConcurrency } };
        }),
      ),
    ),
  );
  return cells.filter(({ packing: { batchSize, jobsPerMessage, jobConcurrency } }) => {
    const others = Number(batchSize !== usual.batchSize) + Number(jobConcurrency !== usual.jobConcurrency);
    return axes.full || others === 0 || (others === 1 && TELLING.has(jobsPerMessage));
  });
}

/**
 * Whether a worker can do a batch within its time; else a part of its messages comes back.
 * @param timeoutMs a batch's time limit
 */
export function fits({ packing, workMs }: Cell, timeoutMs: number): boolean {
  const turns = Math.ceil(jobsPerBatch({ ...packing, workMs }) / packing.jobConcurrency);
  return turns * workMs < new TimeBudget(0, timeoutMs).workUntil;
}
