import type { Transition } from '../ledger/message-records.ts';
import type { MessageOutcomes } from './batch-documents.ts';
import { deleteProcessed } from './dead-letter-documents.ts';
import type { Worker } from './worker.ts';

/**
 * Counts outcomes of jobs: delete the documents of dead letters whose jobs are done ─► count. If a record has changed since
 * it was read, both are repeated: another delivery may have given up the job meanwhile.
 * @param until when requests to Elasticsearch must end, in milliseconds since 1970
 * @returns all messages, in their order, as the ledger has them now
 */
export function commitOutcomes<State extends MessageOutcomes>(
  worker: Worker,
  states: readonly State[],
  until: number,
  transition: Transition<State>,
): Promise<State[]> {
  return worker.ledger.commit(states, transition, (changing) =>
    deleteProcessed(worker, changing, Math.max(1, until - worker.clock())),
  );
}
