/** The part of functions/core that is simulated. The mutants of mutations.ts are bundled from here. */
export { consume } from '../../functions/core/consume/consume.ts';
export { retryBody } from '../../functions/core/dead-letter.ts';
export { fire } from '../../functions/core/fire.ts';
export { WorkerCounters } from '../../functions/core/ledger/counters.ts';
export { LedgerWriter } from '../../functions/core/ledger/records.ts';
export { activeRun, readSchedule, startRun, stopRun, updateRun } from '../../functions/core/ledger/run.ts';
export { readTotals } from '../../functions/core/ledger/totals.ts';
export { highestJobId } from '../../functions/core/results/search.ts';
export { TickCache } from '../../functions/core/tick-cache.ts';
export { verify } from '../../functions/core/verify.ts';

/** The modules above, as they are or changed on purpose. */
export type System = typeof import('./system.ts');
export type { Worker } from '../../functions/core/consume/worker.ts';
