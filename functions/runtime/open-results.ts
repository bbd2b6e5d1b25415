import { readFileSync } from 'node:fs';
import {
  errors,
  SniffingTransport,
  type TransportRequestOptions,
  type TransportRequestParams,
} from '@elastic/elasticsearch';
import { reasonFrom } from '../core/model/errors.ts';
import { type ConnectOptions, connect, type WritableResults } from '../core/results/client.ts';
import type { Mapping } from '../core/results/mapping.ts';
import { ApiKey, readApiKey } from './api-key.ts';
import type { Environment } from './environment.ts';

/** The environment variables with the address of the results index and the settings of new indices. */
export const RESULTS_VARIABLES = [
  'DRUMLINE_ELASTICSEARCH_URL',
  'DRUMLINE_ELASTICSEARCH_API_KEY_SECRET',
  'DRUMLINE_ELASTICSEARCH_CA_FILE',
  'DRUMLINE_INDEX',
  'DRUMLINE_INDEX_SHARDS',
  'DRUMLINE_INDEX_REPLICAS',
  'DRUMLINE_INDEX_REFRESH_SECONDS',
] as const;

/**
 * Opens the results index; sends no request yet.
 * @param environment DRUMLINE_MAPPING is for functions that write documents or create the index
 * @param options timeout and retries; see `connect` for the defaults
 */
export function openResults(
  environment: Environment<(typeof RESULTS_VARIABLES)[number]> & { DRUMLINE_MAPPING?: Mapping | undefined },
  options: Pick<ConnectOptions, 'timeoutMs' | 'retries'> = {},
): WritableResults {
  const secret = environment.DRUMLINE_ELASTICSEARCH_API_KEY_SECRET;
  const authority = environment.DRUMLINE_ELASTICSEARCH_CA_FILE;
  const results = connect(environment.DRUMLINE_ELASTICSEARCH_URL, environment.DRUMLINE_INDEX, {
    ...options,
    ...(environment.DRUMLINE_MAPPING && { mapping: environment.DRUMLINE_MAPPING }),
    ...(secret !== '' && { Transport: transportWithKey(new ApiKey(() => readApiKey(secret))) }),
    ...(authority !== '' && { caCertificate: readFileSync(new URL(authority, import.meta.url), 'utf8') }),
  });
  const indexSettings = {
    shards: environment.DRUMLINE_INDEX_SHARDS,
    replicas: environment.DRUMLINE_INDEX_REPLICAS,
    refreshSeconds: environment.DRUMLINE_INDEX_REFRESH_SECONDS || undefined,
  };
  return { ...results, indexSettings };
}

/**
 * The client's transport with an API key that may change. If Elasticsearch rejects the key (401), the key is read again
 * and the request is sent once more. A second rejection is for the operator to fix.
 */
export function transportWithKey(key: ApiKey): typeof SniffingTransport {
  return class extends SniffingTransport {
    /** Returns `never` because that is assignable to the results of all overloads. */
    override async request(
      params: TransportRequestParams,
      options?: TransportRequestOptions,
    ): Promise<never> {
      const send = (value: string) =>
        super.request(params, {
          ...options,
          headers: { ...options?.headers, authorization: `ApiKey ${value}` },
        }) as Promise<never>;
      const first = await readable(key.current());
      try {
        return await send(first);
      } catch (error) {
        if (!(error instanceof errors.ResponseError) || error.statusCode !== 401) throw error;
        const second = await readable(key.insteadOf(first));
        if (second === first) throw error;
        return send(second);
      }
    }
  };
}

/** A key that cannot be read counts as an Elasticsearch that cannot be reached. */
function readable(key: Promise<string>): Promise<string> {
  return key.catch((error) => {
    throw new errors.ElasticsearchClientError(reasonFrom(error));
  });
}
