import type { estypes } from '@elastic/elasticsearch';
import { chunk } from '../grouping.ts';
import type { JobId } from '../model/ids.ts';
import { REQUEST_TIMEOUT_MS, type Results } from './client.ts';

/** A write to the document of one job, whose `_id` is the jobId. */
export interface BulkOperation {
  /** `create` leaves an existing document unchanged, and `index` replaces it. */
  action: 'create' | 'index' | 'delete';
  jobId: JobId;
  /** The document as JSON; absent for `delete`. */
  json?: string | undefined;
}

/** What Elasticsearch answers to one operation. */
export interface BulkItem {
  status: number;
  error?: Pick<estypes.ErrorCause, 'type' | 'reason' | 'caused_by'>;
}

/**
 * Maximum bytes of documents per request. Elasticsearch recommends to stay within tens of megabytes ("Tune for indexing
 * speed") and rejects 100 MB (`http.max_content_length`).
 */
const BULK_LIMIT = { count: Number.POSITIVE_INFINITY, bytes: 10_000_000 };

/** Splits operations on one index into requests of at most 10 MB. */
export function bulksOf<Operation extends Pick<BulkOperation, 'json'>>(
  operations: readonly Operation[],
): Operation[][] {
  return chunk(operations, BULK_LIMIT, ({ json = '' }) => Buffer.byteLength(json));
}

/**
 * Sends operations on one index in one request.
 * @param timeoutMs at most `REQUEST_TIMEOUT_MS` are used, and at least one
 * @returns the answers, in the order of the operations
 * @throws the client's error if the whole request fails
 */
export async function sendBulk(
  { client }: Pick<Results, 'client'>,
  index: string,
  operations: readonly BulkOperation[],
  timeoutMs: number,
): Promise<BulkItem[]> {
  const { items } = await client.bulk(
    {
      index,
      operations: operations.flatMap(({ action, jobId, json }) => [
        { [action]: { _id: String(jobId) } },
        ...(json === undefined ? [] : [json]),
      ]),
      filter_path: [
        'errors',
        'items.*.status',
        ...['type', 'reason', 'caused_by.reason'].map((field) => `items.*.error.${field}`),
      ],
    },
    { requestTimeout: Math.max(1, Math.min(timeoutMs, REQUEST_TIMEOUT_MS)) },
  );
  return operations.map(({ action }, at) => items?.[at]?.[action] ?? { status: 503 });
}
