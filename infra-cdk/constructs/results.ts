import { copyFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Construct } from 'constructs';
import type { FunctionName } from '../bundling/bundle-functions.ts';
import { indexOf, PROJECT, type Settings } from '../settings/settings.ts';
import type { DrumlineFunction } from './drumline-function.ts';
import { Network } from './network.ts';
import { secretArn } from './secret-arn.ts';

/** The file with the authority's certificate, beside the function's code. */
const CA_FILE = 'elasticsearch-ca.pem';

/** The setting that names the secret with a function's own API key. */
const OWN_KEY_SECRET = {
  consumer: 'elasticsearchConsumerKeySecret',
  status: 'elasticsearchStatusKeySecret',
  control: 'elasticsearchControlKeySecret',
  verify: 'elasticsearchVerifyKeySecret',
} as const satisfies Partial<Record<FunctionName, keyof Settings>>;

/** The results index in an existing Elasticsearch: its address, its network, and who may read its API key. */
export class Results extends Construct {
  readonly network: Network;
  readonly #settings: Settings;

  constructor(scope: Construct, id: string, settings: Settings) {
    super(scope, id);
    this.#settings = settings;
    this.network = new Network(this, 'Network', settings);
  }

  /** The variables that a function needs to reach the index, and to create it if it is missing. */
  environmentOf(name: FunctionName): Record<string, string> {
    const settings = this.#settings;
    return {
      DRUMLINE_ELASTICSEARCH_URL: settings.elasticsearchUrl,
      DRUMLINE_ELASTICSEARCH_API_KEY_SECRET: this.#keySecretOf(name),
      DRUMLINE_ELASTICSEARCH_CA_FILE: settings.elasticsearchCaFile === '' ? '' : CA_FILE,
      DRUMLINE_INDEX: indexOf(settings),
      DRUMLINE_INDEX_SHARDS: String(settings.indexShards),
      DRUMLINE_INDEX_REPLICAS: String(settings.indexReplicas),
      DRUMLINE_INDEX_REFRESH_SECONDS: String(settings.indexRefreshSeconds ?? ''),
    };
  }

  /** Lets a function read its API key, if it has one. */
  grantAccess(target: DrumlineFunction): void {
    const secret = this.#keySecretOf(target.name);
    if (secret !== '') target.allow(['secretsmanager:GetSecretValue'], secretArn(this, secret));
  }

  /** Copies the authority's certificate into the folder with a function's code. */
  addCertificate(folder: string): void {
    const { elasticsearchCaFile: file } = this.#settings;
    if (file !== '') copyFileSync(resolve(PROJECT, file), join(folder, CA_FILE));
  }

  /** The name or ARN of the secret with a function's API key; empty for none. */
  #keySecretOf(name: FunctionName): string {
    const own = name in OWN_KEY_SECRET && OWN_KEY_SECRET[name as keyof typeof OWN_KEY_SECRET];
    return (own && this.#settings[own]) || this.#settings.elasticsearchApiKeySecret;
  }
}
