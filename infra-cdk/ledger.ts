import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { AttributeType, BillingMode, Table } from 'aws-cdk-lib/aws-dynamodb';
import { Construct } from 'constructs';
import { DEAD_LETTER_RETENTION_DAYS, JOBS_RETENTION_DAYS } from './queues.ts';

/**
 * How long the ledger remembers which jobs of a message are counted. A message can come again as long as it lies in
 * the jobs queue, and once more after that as a dead letter that is sent again at the last moment.
 */
export const REMEMBER = Duration.days(
  JOBS_RETENTION_DAYS + DEAD_LETTER_RETENTION_DAYS + JOBS_RETENTION_DAYS + 1,
);

/** The table of runs, ticks, counters, and which jobs are counted. */
export class Ledger extends Construct {
  readonly table: Table;
  /** What a function needs to know to reach it. */
  readonly environment: Record<string, string>;

  constructor(scope: Construct, id: string) {
    super(scope, id);
    this.table = new Table(this, 'Table', {
      partitionKey: { name: 'pk', type: AttributeType.STRING },
      sortKey: { name: 'sk', type: AttributeType.STRING },
      billingMode: BillingMode.PAY_PER_REQUEST,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      timeToLiveAttribute: 'expiresAt',
      // The counters outlive the stack: they are what tells which jobs were done.
      removalPolicy: RemovalPolicy.RETAIN,
    });
    this.environment = { DRUMLINE_TABLE: this.table.tableName };
  }

  /** Reading single items and lists. */
  static readonly READ = ['dynamodb:GetItem', 'dynamodb:Query'];
  /** What the writes of a transaction need; a transaction has no permission of its own. */
  static readonly WRITE = ['dynamodb:PutItem', 'dynamodb:UpdateItem', 'dynamodb:DeleteItem'];
}
