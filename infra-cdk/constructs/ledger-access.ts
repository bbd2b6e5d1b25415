import { Effect, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { FunctionName } from '../bundling/bundle-functions.ts';

/** The partition keys of the ledger's items, as functions/core/ledger/ forms them. */
const SCHEDULE = 'SCHEDULE';
const RUNS = 'RUNS';
const TICKS = 'RUN#*';
const COUNTERS = 'COUNTERS#*';
const MESSAGES = 'MESSAGE#*';
const PASSES = 'PASS#*';
const SCALING = 'SCALING';

/** Actions, and the partitions on whose items they are allowed. Without `keys`: on all items. */
interface Access {
  actions: string[];
  keys?: string[];
}

const get = (...keys: string[]): Access => ({ actions: ['dynamodb:GetItem'], keys });
const query = (...keys: string[]): Access => ({ actions: ['dynamodb:Query'], keys });
const put = (...keys: string[]): Access => ({ actions: ['dynamodb:PutItem'], keys });
/**
 * Both write actions on every partition that the function writes. A transaction requires the permission of each of its
 * writes ("Using IAM with DynamoDB transactions"). AWS does not document whether the condition then sees the key of that
 * write or the keys of the whole transaction; this statement holds in both cases.
 */
const write = (...keys: string[]): Access => ({ actions: ['dynamodb:PutItem', 'dynamodb:UpdateItem'], keys });
const READ_ALL: Access = { actions: ['dynamodb:GetItem', 'dynamodb:Query'] };

/** The access of each function. No function may delete: items expire. */
const ACCESS: Record<FunctionName, Access[]> = {
  scheduler: [get(SCHEDULE, RUNS, TICKS, PASSES, SCALING), write(SCHEDULE, RUNS, TICKS, PASSES)],
  reader: [get(RUNS, PASSES), write(PASSES)],
  consumer: [get(TICKS, MESSAGES, PASSES), query(COUNTERS, PASSES), write(COUNTERS, MESSAGES)],
  control: [get(SCHEDULE, RUNS, SCALING), write(SCHEDULE, RUNS), put(SCALING)],
  autoscaler: [get(SCHEDULE, RUNS, TICKS, SCALING), query(RUNS, COUNTERS, TICKS), put(SCALING)],
  status: [READ_ALL],
  verify: [READ_ALL],
};

/**
 * The IAM statements for a function's access to the ledger. The condition is the one that AWS documents ("Using IAM
 * policy conditions for fine-grained access control" in the DynamoDB Developer Guide): every partition key that the
 * request names matches one of `keys`.
 */
export function ledgerStatements(name: FunctionName, tableArn: string): PolicyStatement[] {
  return ACCESS[name].map(
    ({ actions, keys }) =>
      new PolicyStatement({
        effect: Effect.ALLOW,
        actions,
        resources: [tableArn],
        ...(keys && { conditions: { 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': keys } } }),
      }),
  );
}
