import { TableEncryption, type TableProps } from 'aws-cdk-lib/aws-dynamodb';
import { type IKey, Key } from 'aws-cdk-lib/aws-kms';
import { BucketEncryption, type BucketProps } from 'aws-cdk-lib/aws-s3';
import { QueueEncryption, type QueueProps } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { FunctionName } from '../bundling/bundle-functions.ts';
import type { Settings } from '../settings/settings.ts';
import type { DrumlineFunction } from './drumline-function.ts';

/**
 * To read: messages and objects ("Amazon SQS Key management", "Using server-side encryption with AWS KMS keys"), and every
 * access to the table, for whose key DynamoDB asks on behalf of the caller ("DynamoDB encryption at rest: How it works").
 */
const READ = ['kms:Decrypt'];

/** To send messages or store objects as well. A sender verifies its data key, so it also needs the permission to read. */
const WRITE = [...READ, 'kms:GenerateDataKey'];

/** What each function may do with the key. */
const ACTIONS: Record<FunctionName, readonly string[]> = {
  scheduler: WRITE,
  reader: WRITE,
  consumer: WRITE,
  autoscaler: READ,
  control: READ,
  status: READ,
  verify: READ,
};

/** The customer-managed key of queues, table and bucket (setting `kmsKey`). Without it, AWS's own keys encrypt them. */
export class EncryptionKey extends Construct {
  readonly #key: IKey | undefined;

  constructor(scope: Construct, id: string, { kmsKey }: Settings) {
    super(scope, id);
    this.#key = kmsKey === '' ? undefined : Key.fromKeyArn(this, 'Key', kmsKey);
  }

  get ofQueue(): QueueProps {
    return this.#key
      ? { encryption: QueueEncryption.KMS, encryptionMasterKey: this.#key }
      : { encryption: QueueEncryption.SQS_MANAGED };
  }

  get ofTable(): Partial<TableProps> {
    // Without a setting, the table has the key that DynamoDB owns.
    return this.#key ? { encryption: TableEncryption.CUSTOMER_MANAGED, encryptionKey: this.#key } : {};
  }

  get ofBucket(): BucketProps {
    return this.#key
      ? // A bucket key asks KMS once for many objects.
        { encryption: BucketEncryption.KMS, encryptionKey: this.#key, bucketKeyEnabled: true }
      : { encryption: BucketEncryption.S3_MANAGED };
  }

  /** Lets a function use the key as it needs. The key's own policy must allow this too (docs/security.md). */
  grantUse(target: DrumlineFunction): void {
    if (this.#key) target.allow([...ACTIONS[target.name]], this.#key.keyArn);
  }
}
