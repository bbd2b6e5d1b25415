/** The AWS services that a workload or a page pays for. */
export type Service =
  | 'SQS'
  | 'DynamoDB'
  | 'S3'
  | 'Lambda'
  | 'CloudWatch'
  | 'CloudWatch Logs'
  | 'EventBridge'
  | 'Data transfer';

/** The price of one thing that AWS meters. */
export interface Price {
  service: Service;
  dollars: number;
  /** The quantity that costs so many dollars. */
  per: number;
  unit: string;
}

const sqsRequest: Price = { service: 'SQS', dollars: 0.4, per: 1_000_000, unit: 'requests' };

/**
 * What AWS meters, and its price in us-east-1: the first tier, without free tiers, discounts and taxes. Read on 2026-11-24
 * in copies of the services' pricing pages and in articles of 2026 that quote them. Not checked against a bill.
 *
 * Not included: Elasticsearch, what the job itself uses, NAT gateways and VPC endpoints, secrets, provisioned pollers
 * (billed by the hour; no reliable price was found), log storage (a fiftieth of the price of ingestion), and traces. In
 * CloudWatch, the free tier of an account would cover most of one deployment: 10 metrics, 10 alarms and 3 dashboards.
 */
export const PRICES = {
  // aws.amazon.com/sqs/pricing: standard queues. Up to 64 kB are billed as one request, also for a batch of ten.
  sqsSends: sqsRequest,
  sqsReceives: sqsRequest,
  sqsDeletes: sqsRequest,
  sqsReturns: sqsRequest,
  /** Empty receives: the event source mapping also polls an empty queue. */
  sqsIdleReceives: sqsRequest,
  /** Questions about the lengths of the queues. */
  sqsStatusRequests: sqsRequest,
  // aws.amazon.com/dynamodb/pricing/on-demand: request units; halved in November 2024.
  ledgerWriteUnits: { service: 'DynamoDB', dollars: 0.625, per: 1_000_000, unit: 'write request units' },
  ledgerReadUnits: { service: 'DynamoDB', dollars: 0.125, per: 1_000_000, unit: 'read request units' },
  /** Storage at 0.25, and continuous backups (point-in-time recovery) at 0.20. */
  ledgerGbMonths: { service: 'DynamoDB', dollars: 0.45, per: 1, unit: 'GB-months, with backups' },
  // aws.amazon.com/s3/pricing: S3 Standard. Transfer to functions in the same region is free.
  s3Puts: { service: 'S3', dollars: 5, per: 1_000_000, unit: 'PUT requests' },
  s3Gets: { service: 'S3', dollars: 0.4, per: 1_000_000, unit: 'GET requests' },
  s3GbMonths: { service: 'S3', dollars: 0.023, per: 1, unit: 'GB-months' },
  // aws.amazon.com/lambda/pricing: Arm, the architecture of the stack.
  lambdaInvocations: { service: 'Lambda', dollars: 0.2, per: 1_000_000, unit: 'requests' },
  lambdaGbSeconds: { service: 'Lambda', dollars: 0.0000133334, per: 1, unit: 'GB-seconds' },
  // aws.amazon.com/cloudwatch/pricing: logs of Lambda functions, standard class, the first 10 TB a month.
  logGb: { service: 'CloudWatch Logs', dollars: 0.5, per: 1, unit: 'GB ingested' },
  // aws.amazon.com/cloudwatch/pricing: custom metrics (the first 10,000), alarms of standard resolution on one metric,
  // dashboards.
  metricMonths: { service: 'CloudWatch', dollars: 0.3, per: 1, unit: 'custom metrics, by the month' },
  alarmMonths: { service: 'CloudWatch', dollars: 0.1, per: 1, unit: 'alarms, by the month' },
  dashboardMonths: { service: 'CloudWatch', dollars: 3, per: 1, unit: 'dashboards, by the month' },
  // aws.amazon.com/eventbridge/pricing does not mention scheduled rules. The price of custom events is the upper limit.
  ruleEvents: { service: 'EventBridge', dollars: 1, per: 1_000_000, unit: 'events' },
  // aws.amazon.com/ec2/pricing/on-demand, which the pages of Lambda and CloudWatch refer to: the first 10 TB a month. The
  // first 100 GB a month of an account are free.
  transferGb: { service: 'Data transfer', dollars: 0.09, per: 1, unit: 'GB sent to the internet' },
} as const satisfies Record<string, Price>;

/** The date and region of the prices. */
export const PRICES_AS_OF = { on: '2026-11-24', region: 'us-east-1' };

/** A thing that AWS meters. */
export type Meter = keyof typeof PRICES;

/** How much of each meter is used. */
export type Usage = Record<Meter, number>;

export const METERS = Object.keys(PRICES) as Meter[];

/** Fills in zero for meters that are not given. */
export function usageOf(some: Partial<Usage>): Usage {
  return Object.fromEntries(METERS.map((meter) => [meter, some[meter] ?? 0])) as Usage;
}

/** Adds usages. */
export function sumUsage(...usages: Partial<Usage>[]): Usage {
  const total = (meter: Meter) => usages.reduce((sum, usage) => sum + (usage[meter] ?? 0), 0);
  return Object.fromEntries(METERS.map((meter) => [meter, total(meter)])) as Usage;
}

/** Multiplies a usage. */
export function scaleUsage(usage: Usage, factor: number): Usage {
  return Object.fromEntries(METERS.map((meter) => [meter, usage[meter] * factor])) as Usage;
}

/** The cost at each service, in dollars. */
export function dollarsOf(usage: Usage): Record<Service, number> {
  const dollars = {
    ...{ SQS: 0, DynamoDB: 0, S3: 0, Lambda: 0 },
    ...{ CloudWatch: 0, 'CloudWatch Logs': 0, EventBridge: 0, 'Data transfer': 0 },
  };
  for (const meter of METERS) {
    const { service, dollars: price, per } = PRICES[meter];
    dollars[service] += (usage[meter] / per) * price;
  }
  return dollars;
}

/** The cost of queue and ledger: without a list's snapshots, Lambda, its logs, the rule, and monitoring. In dollars. */
export function queueAndLedger(dollars: Record<Service, number>): number {
  return dollars.SQS + dollars.DynamoDB;
}

export function totalDollars(dollars: Record<Service, number>): number {
  return Object.values(dollars).reduce((sum, each) => sum + each, 0);
}
