import pMap from 'p-map';
import { groupBy } from '../grouping.ts';
import { readRecord } from '../ledger/message-records.ts';
import type { Table } from '../ledger/table.ts';
import { messageKey } from '../model/message.ts';
import { deadLetterState } from '../model/message-record.ts';
import type { Results } from '../results/client.ts';
import type { DeadLetterDocument } from '../results/dead-letters.ts';
import { type DocumentsPage, type DocumentsQuery, queryDeadLetters } from '../results/query.ts';

/** A dead letter that a search finds. */
export interface FoundDeadLetter extends DeadLetterDocument {
  /**
   * How far its job is, by the ledger. `retrying`: an attempt of a retry has failed, and others follow. `processed`: the
   * document is out of date. A dead letter that was sent again is `dead` until its job has run.
   */
  state: 'dead' | 'retrying' | 'processed';
}

/** A page of the dead letters that were found, in ascending order of their jobIds. */
export type DeadLettersPage = DocumentsPage<FoundDeadLetter>;

/** Records that are read at the same time. */
const READS_AT_ONCE = 20;

/**
 * Searches the dead letters, and says for each how far its job is.
 * @param since only dead letters of this time or later, in milliseconds since 1970
 * @throws ApiError `invalid_query` @throws Unavailable
 */
export async function findDeadLetters(
  table: Table,
  results: Results,
  query: DocumentsQuery,
  since: number,
): Promise<DeadLettersPage> {
  const { documents, ...page } = await queryDeadLetters(results, query, since);
  const byMessage = groupBy(documents, (document) => messageKey(rangeOf(document)));
  const found = await pMap(
    byMessage.values(),
    async (sameMessage) => {
      const record = await readRecord(table, rangeOf(sameMessage[0] as DeadLetterDocument));
      return sameMessage.map((document) => ({ ...document, state: deadLetterState(record, document.jobId) }));
    },
    { concurrency: READS_AT_ONCE },
  );
  return { ...page, documents: found.flat().sort((one, other) => one.jobId - other.jobId) };
}

function rangeOf({ runId, tick, message }: DeadLetterDocument) {
  return { runId, tick, ...message };
}
