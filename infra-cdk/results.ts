import { type ISecret, Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import type { DrumlineFunction } from './drumline-function.ts';
import { indexOf, type Settings } from './settings.ts';

/** The results index, which is not ours to make: where it is, and who may read its API key. */
export class Results extends Construct {
  /** What a function needs to know to reach it. */
  readonly environment: Record<string, string>;
  readonly #secret: ISecret | undefined;

  constructor(scope: Construct, id: string, settings: Settings) {
    super(scope, id);
    const { elasticsearchUrl, elasticsearchApiKeySecret: name } = settings;
    this.environment = {
      DRUMLINE_ELASTICSEARCH_URL: elasticsearchUrl,
      DRUMLINE_ELASTICSEARCH_API_KEY_SECRET: name,
      DRUMLINE_INDEX: indexOf(settings),
    };
    if (name !== '') {
      this.#secret = name.startsWith('arn:')
        ? Secret.fromSecretCompleteArn(this, 'ApiKey', name)
        : Secret.fromSecretNameV2(this, 'ApiKey', name);
    }
  }

  /** Lets a function reach it, if that takes a key. */
  allow(reader: DrumlineFunction): void {
    this.#secret?.grantRead(reader.function);
  }
}
