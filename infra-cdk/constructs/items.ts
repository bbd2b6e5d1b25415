import { Duration, RemovalPolicy, Stack, Validations } from 'aws-cdk-lib';
import { BlockPublicAccess, Bucket, BucketEncryption, type IBucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { MAX_SHARED_MS } from '../../functions/core/model/pass.ts';
import { LEDGER_TTL_DAYS } from '../settings/retention.ts';
import { enforcesSsl, type Settings } from '../settings/settings.ts';
import type { DrumlineFunction } from './drumline-function.ts';

/**
 * How long after its creation an object is needed, in days, by the beginning of its key. The last message that needs the
 * items of a tick expires with the ledger's records. A pass that several ticks share serves new ticks before that. S3
 * expires objects at the first midnight after their time ("Lifecycle configuration elements"), hence never too early; the
 * two days are for the time between the creation of the object and the tick.
 */
const KEPT_DAYS = {
  'once/': LEDGER_TTL_DAYS + 2,
  'shared/': Duration.millis(MAX_SHARED_MS).toDays() + LEDGER_TTL_DAYS + 2,
};

/** The bucket with the items of the passes: snapshots of the job's list, which retries need. It is empty without a list. */
export class Items extends Construct {
  readonly bucket: Pick<IBucket, 'bucketName' | 'bucketArn'>;
  /** The variable that tells a function where the items are. */
  readonly environment: Record<string, string>;

  constructor(scope: Construct, id: string, settings: Settings) {
    super(scope, id);
    const { itemsBucket } = settings;
    this.bucket =
      itemsBucket === ''
        ? this.#newBucket(settings)
        : Bucket.fromBucketName(this, 'ExistingBucket', itemsBucket);
    this.environment = { DRUMLINE_ITEMS_BUCKET: this.bucket.bucketName };
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

  #newBucket(settings: Settings): Bucket {
    const bucket = new Bucket(this, 'Bucket', {
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      encryption: BucketEncryption.S3_MANAGED,
      enforceSSL: enforcesSsl(settings),
      lifecycleRules: [
        ...Object.entries(KEPT_DAYS).map(([prefix, days]) => ({ prefix, expiration: Duration.days(days) })),
        // Parts of uploads that never ended cost money and are not listed.
        { abortIncompleteMultipartUploadAfter: Duration.days(1) },
      ],
      // The ledger outlives the stack, and its passes refer to these objects.
      removalPolicy: RemovalPolicy.RETAIN,
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
