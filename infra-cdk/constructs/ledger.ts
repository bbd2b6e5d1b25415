import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { AttributeType, BillingMode, type ITable, Table } from 'aws-cdk-lib/aws-dynamodb';
import { Construct } from 'constructs';
import { LEDGER_TTL_DAYS } from '../settings/retention.ts';
import type { Settings } from '../settings/settings.ts';
import type { DrumlineFunction } from './drumline-function.ts';
import type { EncryptionKey } from './encryption-key.ts';
import { ledgerStatements } from './ledger-access.ts';
import { type Queues, retentionSecondsOf } from './queues.ts';

/** How long the ledger keeps the record of a message after its last change. */
export const LEDGER_TTL = Duration.days(LEDGER_TTL_DAYS);

/**
 * Checks that the ledger keeps a message's record for longer than the queues can deliver the message. A message whose
 * record has expired would be counted again.
 * @param queues read when the app is synthesized, so that later changes to the queues are checked too
 * @returns error messages for the CDK; empty if the time is long enough
 */
export function ttlProblems(ttl: Duration, queues: Queues): string[] {
  const jobs = retentionSecondsOf(queues.jobs);
  const deadLetters = retentionSecondsOf(queues.deadLetters);
  // Each at the last moment: moved to the dead-letter queue, sent again to the jobs queue, and received.
  const maxSeconds = jobs + deadLetters + jobs;
  if (ttl.toSeconds() > maxSeconds) return [];
  return [
    `the ledger keeps the record of a message for ${ttl.toDays()} days, but the queues can deliver the message for ${maxSeconds / 86_400} days: raise LEDGER_TTL_DAYS in infra-cdk/settings/retention.ts`,
  ];
}

/** The table of runs, ticks, counters, and which jobs are counted. */
export class Ledger extends Construct {
  readonly table: Pick<ITable, 'tableName' | 'tableArn'>;
  /** The variables that tell a function where the ledger is. */
  readonly environment: Record<string, string>;

  constructor(scope: Construct, id: string, { ledgerTable }: Settings, key: EncryptionKey) {
    super(scope, id);
    this.table =
      ledgerTable === '' ? this.#newTable(key) : Table.fromTableName(this, 'ExistingTable', ledgerTable);
    this.environment = { DRUMLINE_TABLE: this.table.tableName };
  }

  /** Grants a function the access that it needs, and no more. */
  grantAccess(target: DrumlineFunction): void {
    for (const statement of ledgerStatements(target.name, this.table.tableArn))
      target.function.addToRolePolicy(statement);
  }

  #newTable(key: EncryptionKey): Table {
    return new Table(this, 'Table', {
      partitionKey: { name: 'pk', type: AttributeType.STRING },
      sortKey: { name: 'sk', type: AttributeType.STRING },
      billingMode: BillingMode.PAY_PER_REQUEST,
      ...key.ofTable,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      timeToLiveAttribute: 'expiresAt',
      // The counters are the only record of which jobs were done, so they outlive the stack. A table that a failed first
      // deployment has created is empty, and CloudFormation deletes it.
      removalPolicy: RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    });
  }
}
