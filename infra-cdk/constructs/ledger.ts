import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { AttributeType, BillingMode, type ITable, Table } from 'aws-cdk-lib/aws-dynamodb';
import { Construct } from 'constructs';
import type { FUNCTIONS } from '../bundling/bundle-functions.ts';
import { LEDGER_TTL_DAYS } from '../settings/retention.ts';
import type { Settings } from '../settings/settings.ts';
import type { DrumlineFunction } from './drumline-function.ts';
import { ledgerStatements } from './ledger-access.ts';
import { type Queues, retentionOf } from './queues.ts';

/** How long the ledger remembers a message. */
export const LEDGER_TTL = Duration.days(LEDGER_TTL_DAYS);

/**
 * What is wrong with so long a memory, if anything: a message whose item has expired would be counted anew.
 * @param queues as they are, whatever was changed about them since they were made
 */
export function ttlProblems(remember: Duration, queues: Queues): string[] {
  const [jobs, deadLetters] = [retentionOf(queues.jobs), retentionOf(queues.deadLetters)];
  // Enqueued, and given up at the last moment; kept, and sent again at the last moment; enqueued once more.
  const longest = jobs + deadLetters + jobs;
  if (remember.toSeconds() > longest) return [];
  return [
    `the ledger remembers a message for ${remember.toDays()} days, but the queues can bring it again for ${longest / 86_400}: change LEDGER_TTL_DAYS in infra-cdk/settings/retention.ts`,
  ];
}

/** The table of runs, ticks, counters, and which jobs are counted. */
export class Ledger extends Construct {
  readonly table: Pick<ITable, 'tableName' | 'tableArn'>;
  /** What a function needs to know to reach it. */
  readonly environment: Record<string, string>;

  constructor(scope: Construct, id: string, { ledgerTable }: Settings) {
    super(scope, id);
    this.table =
      ledgerTable === '' ? this.#newTable() : Table.fromTableName(this, 'ExistingTable', ledgerTable);
    this.environment = { DRUMLINE_TABLE: this.table.tableName };
  }

  /** Lets a function do with the items what it is for. */
  admit(asking: DrumlineFunction, name: (typeof FUNCTIONS)[number]): void {
    for (const statement of ledgerStatements(name, this.table.tableArn))
      asking.function.addToRolePolicy(statement);
  }

  #newTable(): Table {
    return new Table(this, 'Table', {
      partitionKey: { name: 'pk', type: AttributeType.STRING },
      sortKey: { name: 'sk', type: AttributeType.STRING },
      billingMode: BillingMode.PAY_PER_REQUEST,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      timeToLiveAttribute: 'expiresAt',
      // The counters outlive the stack: they are what tells which jobs were done.
      removalPolicy: RemovalPolicy.RETAIN,
    });
  }
}
