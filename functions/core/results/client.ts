import { Client, type ClientOptions, errors as clientErrors, HttpConnection } from '@elastic/elasticsearch';
import { Unavailable } from '../model/errors.ts';
import { type Mapping, mappingOf } from './mapping.ts';

/** An Elasticsearch client, and the index or alias that contains the results. */
export interface Results {
  client: Client;
  index: string;
}

/** What else writing needs. */
export interface WritableResults extends Results {
  /** How the job's items and outputs are stored. */
  mapping: Mapping;
  /** Settings of new indices; Elasticsearch's defaults unless given. */
  indexSettings?: IndexSettings | undefined;
}

/** Settings of new indices. Existing indices are not changed. */
export interface IndexSettings {
  shards: number;
  replicas: number;
  /** Maximum time until searches find a document; Elasticsearch's default unless given. */
  refreshSeconds?: number | undefined;
}

/** Default timeout of a request, in milliseconds. */
export const REQUEST_TIMEOUT_MS = 5_000;

/** Options of a connection. */
export interface ConnectOptions {
  /** How items and outputs are stored: numbers and any JSON unless given. Only writers need it. */
  mapping?: Mapping;
  /** A transport that e.g. adds the API key to each request; the client's own unless given. */
  Transport?: ClientOptions['Transport'];
  /** PEM of the private authority that signed the server's certificate; unset for a public one. */
  caCertificate?: string;
  /** Timeout of a request, in milliseconds. */
  timeoutMs?: number;
  /** Maximum retries of a request without an answer, with a growing, jittered delay. */
  retries?: number;
}

type Request = HttpConnection['request'];

/** Messages of errors on a connection that the server or a gateway has closed. */
const CLOSED_CONNECTION = /ECONNRESET|EPIPE|socket hang up|Response aborted/;

/**
 * A keep-alive connection of Node's http. A Lambda environment that was frozen notices that its connection was closed
 * only with the next request (a NAT gateway drops idle connections after 350 s). That request is sent again on a new
 * connection, which is safe because all requests of functions/ are idempotent.
 */
class KeptAliveConnection extends HttpConnection {
  /** Returns `never` because that is assignable to the results of both overloads. */
  override async request(...request: Parameters<Request>): Promise<never> {
    const send = () => super.request(...request) as Promise<never>;
    try {
      return await send();
    } catch (error) {
      if (!(error instanceof clientErrors.ConnectionError) || !CLOSED_CONNECTION.test(error.message))
        throw error;
      return send();
    }
  }
}

/**
 * Creates a client; sends no request yet. By default requests are not retried: a worker fails fast, and SQS delivers its
 * messages again.
 */
export function connect(url: string, index: string, connecting: ConnectOptions = {}): WritableResults {
  const { Transport, caCertificate: authority, timeoutMs = REQUEST_TIMEOUT_MS, retries = 0 } = connecting;
  return {
    index,
    mapping: connecting.mapping ?? mappingOf({ list: false }),
    client: new Client({
      node: url,
      // Node's http and not undici, which would be a third of the bundle and is not faster here.
      Connection: KeptAliveConnection,
      ...(Transport && { Transport }),
      ...(authority && { tls: { ca: authority } }),
      requestTimeout: timeoutMs,
      maxRetries: retries,
    }),
  };
}

/** Statuses that the operator must fix, as an outage: a missing or wrong key, missing privileges, no capacity. */
const OPERATOR_STATUSES = new Set([401, 403, 429]);

/**
 * Sends a request and converts its errors.
 * @throws Unavailable when Elasticsearch, the network or the operator is the cause
 * @throws the original error when the request is invalid
 */
export async function elasticsearchCall<T>(request: () => Promise<T>): Promise<T> {
  try {
    return await request();
  } catch (error) {
    const isUnavailable =
      error instanceof clientErrors.ResponseError
        ? OPERATOR_STATUSES.has(error.statusCode ?? 500) || (error.statusCode ?? 500) >= 500
        : error instanceof clientErrors.ElasticsearchClientError;
    throw isUnavailable ? new Unavailable('results', error) : error;
  }
}

/**
 * Whether Elasticsearch refuses a request for good: the request is invalid or too large, or the key lacks a privilege.
 * Trying again is useless until the operator has changed something.
 */
export function isRefusal(status: number | undefined): boolean {
  return status !== undefined && status >= 400 && status < 500 && ![401, 408, 429].includes(status);
}

interface Cause {
  type?: string;
  reason?: string;
  caused_by?: Cause;
  root_cause?: Cause[];
}

/** The type of the root cause of an Elasticsearch error, e.g. `index_not_found_exception`; undefined for other errors. */
export function rootCauseType(error: unknown): string | undefined {
  if (!(error instanceof clientErrors.ResponseError)) return undefined;
  let cause = (error.body as { error?: Cause } | undefined)?.error;
  while (cause?.caused_by) cause = cause.caused_by;
  return cause?.type;
}

/** Why Elasticsearch rejected a request, in its own words; undefined for other errors. */
export function rejectionReason(error: unknown): string | undefined {
  if (!(error instanceof clientErrors.ResponseError) || error.statusCode !== 400) return undefined;
  const cause = (error.body as { error?: Cause } | undefined)?.error;
  return cause?.root_cause?.[0]?.reason ?? cause?.reason;
}
