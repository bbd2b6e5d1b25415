/** AWS's services that a workload pays for. */
export type Service = 'SQS' | 'DynamoDB' | 'Lambda' | 'CloudWatch Logs' | 'EventBridge';

/** What AWS asks for one of what it counts. */
export interface Price {
  service: Service;
  dollars: number;
  /** For so many of them. */
  per: number;
  unit: string;
}

const sqsRequest: Price = { service: 'SQS', dollars: 0.4, per: 1_000_000, unit: 'requests' };

/**
 * What AWS counts, and its price in us-east-1: the first tier of each, without the free tiers, rebates and taxes. Looked
 * up on 2026-11-24, in copies of the services' pricing pages and articles of 2026 that quote them; nothing was bought.
 *
 * Not in it: Elasticsearch, what the job itself uses, NAT gateways and VPC endpoints, secrets, provisioned pollers
 * (by the hour; no price was found to rest on), the storage of logs (a fiftieth of what taking them in costs).
 */
export const PRICES = {
  // aws.amazon.com/sqs/pricing: standard queues. A request of up to 64 kB counts once, a batch of ten as one.
  sqsSends: sqsRequest,
  sqsReceives: sqsRequest,
  sqsDeletes: sqsRequest,
  sqsReturns: sqsRequest,
  /** Receives that bring nothing: the mapping polls an empty queue as well. */
  sqsIdleReceives: sqsRequest,
  // aws.amazon.com/dynamodb/pricing/on-demand: request units, halved in November 2024.
  ledgerWriteUnits: { service: 'DynamoDB', dollars: 0.625, per: 1_000_000, unit: 'write request units' },
  ledgerReadUnits: { service: 'DynamoDB', dollars: 0.125, per: 1_000_000, unit: 'read request units' },
  /** Storage at 0.25, and continuous backups (point-in-time recovery) at 0.20. */
  ledgerGbMonths: { service: 'DynamoDB', dollars: 0.45, per: 1, unit: 'GB-months, with backups' },
  // aws.amazon.com/lambda/pricing: Arm, which the stack asks for.
  lambdaInvocations: { service: 'Lambda', dollars: 0.2, per: 1_000_000, unit: 'requests' },
  lambdaGbSeconds: { service: 'Lambda', dollars: 0.0000133334, per: 1, unit: 'GB-seconds' },
  // aws.amazon.com/cloudwatch/pricing: logs of Lambda functions, standard class, the first 10 TB a month.
  logGb: { service: 'CloudWatch Logs', dollars: 0.5, per: 1, unit: 'GB taken in' },
  // aws.amazon.com/eventbridge/pricing says nothing of scheduled rules: as if their events were custom ones, at most.
  ruleEvents: { service: 'EventBridge', dollars: 1, per: 1_000_000, unit: 'events' },
} as const satisfies Record<string, Price>;

/** When they were looked up, and where they hold. */
export const PRICED = { on: '2026-11-24', region: 'us-east-1' };

/** One of the things that AWS counts. */
export type Meter = keyof typeof PRICES;

/** How much of each was, or will be, used. */
export type Usage = Record<Meter, number>;

export const METERS = Object.keys(PRICES) as Meter[];

/** @param some what is not named is not used */
export function usageOf(some: Partial<Usage>): Usage {
  return Object.fromEntries(METERS.map((meter) => [meter, some[meter] ?? 0])) as Usage;
}

/** All of them together. */
export function sum(...usages: Partial<Usage>[]): Usage {
  const total = (meter: Meter) => usages.reduce((sum, usage) => sum + (usage[meter] ?? 0), 0);
  return Object.fromEntries(METERS.map((meter) => [meter, total(meter)])) as Usage;
}

/** So many times as much. */
export function times(usage: Usage, factor: number): Usage {
  return Object.fromEntries(METERS.map((meter) => [meter, usage[meter] * factor])) as Usage;
}

/** What it costs at each service, in dollars. */
export function dollarsOf(usage: Usage): Record<Service, number> {
  const dollars = { SQS: 0, DynamoDB: 0, Lambda: 0, 'CloudWatch Logs': 0, EventBridge: 0 };
  for (const meter of METERS) {
    const { service, dollars: price, per } = PRICES[meter];
    dollars[service] += (usage[meter] / per) * price;
  }
  return dollars;
}

/** What the queue and the ledger cost: all but running the code, its logs, and the rule that wakes it. */
export function queueAndLedger(dollars: Record<Service, number>): number {
  return dollars.SQS + dollars.DynamoDB;
}

export function totalOf(dollars: Record<Service, number>): number {
  return Object.values(dollars).reduce((sum, each) => sum + each, 0);
}
