import { Client, type ClientOptions, errors as clientErrors } from '@elastic/elasticsearch';
import { Unavailable } from '../model/errors.ts';
import { KeptAliveConnection } from './connection.ts';

/** Elasticsearch, and the index there, or the alias of indices, that results are searched in. */
export interface Results {
  client: Client;
  index: string;
  /** What an index is made with; as Elasticsearch has it unless given. */
  indexSettings?: IndexSettings | undefined;
}

/** What an index is made with; an index that is there keeps what it has. */
export interface IndexSettings {
  shards: number;
  replicas: number;
  /** How soon searches see a document; Elasticsearch's own way unless given. */
  refreshSeconds?: number | undefined;
}

/** How long Elasticsearch may take to answer, in milliseconds, unless the caller has less time. */
export const REQUEST_TIMEOUT_MS = 5_000;

/** How to reach Elasticsearch beyond its URL. */
export interface ConnectOptions {
  /** Adds the API key to each request, say; the client's own transport unless given. */
  Transport?: ClientOptions['Transport'];
  /** PEM of the authority that signed its certificate, where that is a private one. */
  caCertificate?: string;
  /** How long it may take to answer, in milliseconds. */
  timeoutMs?: number;
  /** How often a request that got no answer is sent again, after a growing, jittered delay. */
  retries?: number;
}

/** The index at an Elasticsearch. Unless told otherwise nothing is sent again: a worker fails fast, and its messages come back. */
export function connect(url: string, index: string, connecting: ConnectOptions = {}): Results {
  const { Transport, caCertificate: authority, timeoutMs = REQUEST_TIMEOUT_MS, retries = 0 } = connecting;
  return {
    index,
    client: new Client({
      node: url,
      // On Node's own http rather than undici, which is a third of a bundle and no faster here.
      Connection: KeptAliveConnection,
      ...(Transport && { Transport }),
      ...(authority && { tls: { ca: authority } }),
      requestTimeout: timeoutMs,
      maxRetries: retries,
    }),
  };
}

/** No key or a wrong one, a key without the right, no room: the operator's to mend, as an outage is. */
const OPERATORS_STATUS = new Set([401, 403, 429]);

/** Says what a failed request means: Elasticsearch's or the network's trouble, or the request's own. */
export async function elasticsearchCall<T>(request: () => Promise<T>): Promise<T> {
  try {
    return await request();
  } catch (error) {
    const trouble =
      error instanceof clientErrors.ResponseError
        ? OPERATORS_STATUS.has(error.statusCode ?? 500) || (error.statusCode ?? 500) >= 500
        : error instanceof clientErrors.ElasticsearchClientError;
    throw trouble ? new Unavailable('results', error) : error;
  }
}

interface Cause {
  type?: string;
  caused_by?: Cause;
}

/** Elasticsearch's name for what went wrong, or for what it says that this was caused by; if it is its error. */
export function rootCauseType(error: unknown): string | undefined {
  if (!(error instanceof clientErrors.ResponseError)) return undefined;
  let cause = (error.body as { error?: Cause } | undefined)?.error;
  while (cause?.caused_by) cause = cause.caused_by;
  return cause?.type;
}
