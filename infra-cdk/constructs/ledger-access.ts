import { Effect, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { FUNCTIONS } from '../bundling/bundle-functions.ts';

/** The partition keys of the ledger's items, as functions/core/ledger/ makes them. */
const SCHEDULE = 'SCHEDULE';
const RUNS = 'RUNS';
const TICKS = 'RUN#*';
const COUNTERS = 'COUNTERS#*';
const MESSAGES = 'MESSAGE#*';

/** Actions, and on the items of which partitions; on all of them unless some are named. */
interface Access {
  actions: string[];
  keys?: string[];
}

const read = (...keys: string[]): Access => ({ actions: ['dynamodb:GetItem'], keys });
const list = (...keys: string[]): Access => ({ actions: ['dynamodb:Query'], keys });
/**
 * Both kinds of writes on all that a function writes. A transaction asks for each write's own permission ("Using IAM with
 * DynamoDB transactions"), but AWS does not say whether a condition then sees the key of that write alone or those of
 * the whole transaction: this holds either way.
 */
const write = (...keys: string[]): Access => ({ actions: ['dynamodb:PutItem', 'dynamodb:UpdateItem'], keys });
const READ_ALL: Access = { actions: ['dynamodb:GetItem', 'dynamodb:Query'] };

/** What each function does with the ledger, and so may. Nobody deletes: what is no longer needed expires. */
const ACCESS = {
  scheduler: [read(SCHEDULE, RUNS, TICKS), write(SCHEDULE, RUNS, TICKS)],
  consumer: [read(TICKS, MESSAGES), list(COUNTERS), write(COUNTERS, MESSAGES)],
  control: [read(SCHEDULE, RUNS), write(SCHEDULE, RUNS)],
  status: [READ_ALL],
  verify: [READ_ALL],
} satisfies Record<(typeof FUNCTIONS)[number], Access[]>;

/**
 * What a function may do with the ledger's table, by its name. The condition is as AWS has it ("Using IAM policy
 * conditions for fine-grained access control" in the DynamoDB Developer Guide): every partition key that the request
 * names is like one of these.
 */
export function ledgerStatements(name: (typeof FUNCTIONS)[number], tableArn: string): PolicyStatement[] {
  return ACCESS[name].map(
    ({ actions, keys }: Access) =>
      new PolicyStatement({
        effect: Effect.ALLOW,
        actions,
        resources: [tableArn],
        ...(keys && { conditions: { 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': keys } } }),
      }),
  );
}
