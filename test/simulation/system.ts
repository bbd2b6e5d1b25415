/** The part of functions/core that is simulated. Mutants are bundled from this file. */
export { awsCall } from '../../functions/core/aws-call.ts';
export { consume } from '../../functions/core/consume/consume.ts';
export { TickCache } from '../../functions/core/consume/tick-cache.ts';
export { readPassOf } from '../../functions/core/items/read-pass.ts';
export { SnapshotReader } from '../../functions/core/items/snapshot.ts';
export { WorkerCounters } from '../../functions/core/ledger/counters.ts';
export { LedgerWriter } from '../../functions/core/ledger/message-records.ts';
export {
  readActiveRun,
  readSchedule,
  startRun,
  stopRun,
  updateRun,
} from '../../functions/core/ledger/runs.ts';
export { readTotals } from '../../functions/core/ledger/totals.ts';
export { Unavailable } from '../../functions/core/model/errors.ts';
export { retryMessageBody } from '../../functions/core/queue/dead-letter.ts';
export { highestJobId } from '../../functions/core/results/search.ts';
export { fire } from '../../functions/core/schedule/fire.ts';
export { verify } from '../../functions/core/verify/verify.ts';

/** The modules above, unchanged or mutated. */
export type System = typeof import('./system.ts');
export type { Worker } from '../../functions/core/consume/worker.ts';
