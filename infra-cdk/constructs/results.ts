import { copyFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { ArnFormat, Stack } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import type { FUNCTIONS } from '../bundling/bundle-functions.ts';
import { indexOf, PROJECT, type Settings } from '../settings/settings.ts';
import type { DrumlineFunction } from './drumline-function.ts';
import { Network } from './network.ts';

/** The authority's certificate beside a function's bundle. */
const CA_FILE = 'elasticsearch-ca.pem';

type FunctionName = (typeof FUNCTIONS)[number];
type OwnSecret = `elasticsearch${'Consumer' | 'Control' | 'Verify'}KeySecret`;

/** The settings that name the secret of one function's own key. */
const OWN_SECRET: Partial<Record<FunctionName, OwnSecret>> = {
  consumer: 'elasticsearchConsumerKeySecret',
  control: 'elasticsearchControlKeySecret',
  verify: 'elasticsearchVerifyKeySecret',
};

/** The results index, which is not ours to make: where it is, and who may read its API key. */
export class Results extends Construct {
  readonly network: Network;
  readonly #settings: Settings;

  constructor(scope: Construct, id: string, settings: Settings) {
    super(scope, id);
    this.#settings = settings;
    this.network = new Network(this, 'Network', settings);
  }

  /** What a function needs to know to reach it, and to make it where it is missing. */
  environmentOf(name: FunctionName): Record<string, string> {
    const settings = this.#settings;
    return {
      DRUMLINE_ELASTICSEARCH_URL: settings.elasticsearchUrl,
      DRUMLINE_ELASTICSEARCH_API_KEY_SECRET: this.#secretOf(name),
      DRUMLINE_ELASTICSEARCH_CA_FILE: settings.elasticsearchCaFile === '' ? '' : CA_FILE,
      DRUMLINE_INDEX: indexOf(settings),
      DRUMLINE_INDEX_SHARDS: String(settings.indexShards),
      DRUMLINE_INDEX_REPLICAS: String(settings.indexReplicas),
      DRUMLINE_INDEX_REFRESH_SECONDS: String(settings.indexRefreshSeconds ?? ''),
    };
  }

  /**
   * Lets a function reach it: with its API key, if there is one, which it may read and nothing else; and through the
   * network.
   */
  admit(asking: DrumlineFunction, name: FunctionName, functionName: string): void {
    const secret = this.#secretOf(name);
    if (secret !== '') asking.allow(['secretsmanager:GetSecretValue'], this.#arnOf(secret));
    this.network.admit(asking, functionName);
  }

  /** Lays the authority's certificate into the folder that becomes a function's code. */
  addCertificate(folder: string): void {
    const { elasticsearchCaFile: file } = this.#settings;
    if (file !== '') copyFileSync(resolve(PROJECT, file), join(folder, CA_FILE));
  }

  /** The secret with a function's API key; empty for none. */
  #secretOf(name: FunctionName): string {
    const own = OWN_SECRET[name];
    return (own && this.#settings[own]) || this.#settings.elasticsearchApiKeySecret;
  }

  /** Secrets Manager ends a secret's ARN with a hyphen and six characters of its own. */
  #arnOf(name: string): string {
    if (name.startsWith('arn:')) return name;
    return Stack.of(this).formatArn({
      service: 'secretsmanager',
      resource: 'secret',
      resourceName: `${name}-??????`,
      arnFormat: ArnFormat.COLON_RESOURCE_NAME,
    });
  }
}
