import { Duration, RemovalPolicy, Stack, Validations } from 'aws-cdk-lib';
import { BlockPublicAccess, Bucket, type IBucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { MAX_SHARED_MS, KEPT_DAYS as PASS_DAYS } from '../../functions/core/model/pass.ts';
import { LEDGER_TTL_DAYS } from '../settings/retention.ts';
import { enforcesSsl, type Settings } from '../settings/settings.ts';
import type { DrumlineFunction } from './drumline-function.ts';
import type { EncryptionKey } from './encryption-key.ts';

/**
 * How long an object is kept after its creation, in days, by the beginning of its key: as long as the ledger knows its
 * pass. S3 expires objects at the first midnight after their time ("Lifecycle configuration elements"), hence never too
 * early.
 */
const KEPT_DAYS = { 'once/': PASS_DAYS.once, 'shared/': PASS_DAYS.shared };

/** Days from the creation of an object to the last job of a tick: to read the list, and to spread the tick. */
const DAYS_TO_SEND = 2;

/**
 * Checks that items are kept until the last message that needs them expires with the ledger's records. A pass that several
 * ticks share serves new ticks before that.
 * @returns error messages for the CDK; empty if the time is long enough
 */
export function keptProblems(
  ledgerDays: number,
  kept: Readonly<Record<'once' | 'shared', number>>,
): string[] {
  const needed = { once: 0, shared: Duration.millis(MAX_SHARED_MS).toDays() };
  return (['once', 'shared'] as const).flatMap((kind) => {
    const days = needed[kind] + ledgerDays + DAYS_TO_SEND;
    if (kept[kind] >= days) return [];
    return [
      `the items of a pass are kept for ${kept[kind]} days, but messages need them for ${days} days: raise KEPT_DAYS.${kind} in functions/core/model/pass.ts`,
    ];
  });
}

/** The bucket with the items of the passes: snapshots of the job's list, which retries need. It is empty without a list. */
export class Items extends Construct {
  readonly bucket: Pick<IBucket, 'bucketName' | 'bucketArn'>;
  /** The variable that tells a function where the items are. */
  readonly environment: Record<string, string>;

  constructor(scope: Construct, id: string, settings: Settings, key: EncryptionKey) {
    super(scope, id);
    const { itemsBucket } = settings;
    this.bucket =
      itemsBucket === ''
        ? this.#newBucket(settings, key)
        : Bucket.fromBucketName(this, 'ExistingBucket', itemsBucket);
    this.environment = { DRUMLINE_ITEMS_BUCKET: this.bucket.bucketName };
    this.node.addValidation({ validate: () => keptProblems(LEDGER_TTL_DAYS, PASS_DAYS) });
  }

  /** Lets a function read items. */
  grantRead(target: DrumlineFunction): void {
    this.#allow(target, 's3:GetObject');
    // Without this permission, S3 answers AccessDenied instead of NoSuchKey for an object that has expired (API reference,
    // "GetObject").
    target.allow(['s3:ListBucket'], this.bucket.bucketArn);
  }

  /** Lets a function store items. An object with the same key has the same content. */
  grantWrite(target: DrumlineFunction): void {
    this.#allow(target, 's3:PutObject');
  }

  #allow(target: DrumlineFunction, action: string): void {
    for (const prefix of Object.keys(KEPT_DAYS)) {
      target.allow([action], `${this.bucket.bucketArn}/${prefix}*`);
      Validations.of(target).acknowledge({
        id: `AwsSolutions-IAM5[Resource::${this.#shownArn()}/${prefix}*]`,
        reason: 'The keys of objects are hashes of their content, so the policy cannot name each object.',
      });
    }
  }

  /** The bucket's ARN as AWS's rules write it, with references in angle brackets. */
  #shownArn(): string {
    const { bucketArn, bucketName } = this.bucket;
    const { 'Fn::GetAtt': reference } = Stack.of(this).resolve(bucketArn);
    return reference ? `<${reference.join('.')}>` : `arn:<AWS::Partition>:s3:::${bucketName}`;
  }

  #newBucket(settings: Settings, key: EncryptionKey): Bucket {
    const bucket = new Bucket(this, 'Bucket', {
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      ...key.ofBucket,
      enforceSSL: enforcesSsl(settings),
      lifecycleRules: [
        ...Object.entries(KEPT_DAYS).map(([prefix, days]) => ({ prefix, expiration: Duration.days(days) })),
        // Parts of uploads that never ended cost money and are not listed.
        { abortIncompleteMultipartUploadAfter: Duration.days(1) },
      ],
      // The ledger outlives the stack, and its passes refer to these objects.
      removalPolicy: RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    });
    Validations.of(bucket).acknowledge({
      id: 'AwsSolutions-S1',
      reason: 'Only two roles can reach the objects. Access logs would cost more than the objects.',
    });
    if (!enforcesSsl(settings))
      Validations.of(bucket).acknowledge({
        id: 'AwsSolutions-S10',
        reason:
          'An emulator on plain HTTP that enforces bucket policies would refuse every request (setting enforceSsl).',
      });
    return bucket;
  }
}
