import { join } from 'node:path';
import {
  CreateFunctionCommand,
  DeleteFunctionCommand,
  GetFunctionConfigurationCommand,
  InvokeCommand,
  ListEventSourceMappingsCommand,
} from '@aws-sdk/client-lambda';
import { build } from 'esbuild';
import { strToU8, zipSync } from 'fflate';
import { beforeAll, expect } from 'vitest';
import { ITEM_ATTEMPTS, PARTITIONS, type Partition, type Verb } from './probe/items.ts';
import type { Attempt } from './probe/probe.ts';
import { functionName, lambda, output, target } from './system.ts';
import { testIf } from './test-if.ts';

const test = testIf(target.name !== 'localstack', 'it does not enforce IAM');

/**
 * The attempts that each role must allow. It must refuse all others. The probe runs as a function with that role, on the
 * emulator with enforced IAM.
 */
const MAY: Record<string, Attempt[]> = {
  scheduler: [
    ...items({
      read: ['schedule', 'runs', 'ticks', 'passes', 'scaling'],
      put: ['schedule', 'runs', 'ticks', 'passes'],
      update: ['schedule', 'runs', 'ticks', 'passes'],
    }),
    ...(['send job', 'invoke scheduler', 'invoke autoscaler', 'invoke reader'] as const),
  ],
  autoscaler: [
    ...items({
      read: ['schedule', 'runs', 'ticks', 'scaling'],
      list: ['runs', 'counters'],
      put: ['scaling'],
    }),
    ...(['job queue depth', 'scale consumer', 'read concurrency', 'limit mapping', 'read mapping'] as const),
  ],
  reader: [
    ...items({ read: ['runs', 'passes'], put: ['passes'], update: ['passes'] }),
    ...(['store item', 'invoke scheduler'] as const),
  ],
  consumer: [
    ...items({
      read: ['ticks', 'messages', 'passes'],
      list: ['counters', 'passes'],
      put: ['counters', 'messages'],
      update: ['counters', 'messages'],
    }),
    ...([
      'send job',
      'receive job',
      'job queue depth',
      'send dead letter',
      'load item',
      'list items',
    ] as const),
  ],
  status: [
    ...items({ read: PARTITIONS, list: PARTITIONS }),
    ...(['job queue depth', 'read concurrency', 'load item', 'list items'] as const),
    // ministack requires the permission to set the concurrency for reading it (infra-cdk/constructs/emulator-permissions.ts).
    ...(target.name === 'aws' ? [] : (['scale consumer'] as const)),
  ],
  control: [
    ...items({
      read: ['schedule', 'runs', 'scaling'],
      put: ['schedule', 'runs', 'scaling'],
      update: ['schedule', 'runs'],
    }),
    ...(['invoke scheduler', 'invoke autoscaler'] as const),
  ],
  verify: items({ read: PARTITIONS, list: PARTITIONS }),
};

function items(may: Partial<Record<Verb, Partition[]>>): Attempt[] {
  return Object.entries(may).flatMap(([verb, partitions]) =>
    partitions.map((partition): Attempt => `${verb as Verb} ${partition}`),
  );
}

/** Attempts that would disturb the system if they were allowed. Only roles that must refuse them try them. */
const HARMFUL: Attempt[] = [
  'send job',
  'receive job',
  'send dead letter',
  'invoke scheduler',
  'invoke autoscaler',
  'invoke reader',
  'scale consumer',
  'limit mapping',
];

const ALL: Attempt[] = [
  ...ITEM_ATTEMPTS,
  'write across partitions',
  'scan',
  'delete table',
  'send job',
  'receive job',
  'purge jobs',
  'job queue depth',
  'send dead letter',
  'receive dead letter',
  'store item',
  'load item',
  'list items',
  'delete item',
  'store elsewhere',
  'invoke scheduler',
  'invoke reader',
  'invoke control',
  'invoke autoscaler',
  'limit mapping',
  'read mapping',
  'scale consumer',
  'read concurrency',
  'read code',
];

let code: Uint8Array;

beforeAll(async () => {
  const { outputFiles } = await build({
    entryPoints: [join(import.meta.dirname, 'probe', 'probe.ts')],
    bundle: true,
    platform: 'node',
    format: 'cjs',
    write: false,
  });
  code = zipSync({ 'index.js': strToU8(outputFiles[0]?.text ?? '') });
});

test.each(Object.entries(MAY))(
  'the role of %s allows what its function does, and nothing else',
  async (name, may) => {
    const tried = ALL.filter((attempt) => !(may.includes(attempt) && HARMFUL.includes(attempt)));
    const answers = await ask(name, tried);
    const expected = Object.fromEntries(
      tried.map((attempt) => [attempt, may.includes(attempt) ? 'allowed' : 'refused']),
    );
    expect(answers).toEqual(expected);
  },
);

/** The UUID of the mapping from the jobs queue to the consumer. */
async function mappingId(): Promise<string> {
  const { EventSourceMappings: [mapping] = [] } = await lambda.send(
    new ListEventSourceMappingsCommand({ FunctionName: functionName('consumer') }),
  );
  return mapping?.UUID ?? '';
}

async function ask(name: string, attempts: Attempt[]): Promise<Record<string, string>> {
  const { Role } = await lambda.send(
    new GetFunctionConfigurationCommand({ FunctionName: functionName(name) }),
  );
  const FunctionName = functionName(`probe-${name}`);
  await lambda.send(
    new CreateFunctionCommand({
      FunctionName,
      Role,
      Runtime: 'nodejs24.x',
      Handler: 'index.handler',
      Code: { ZipFile: code },
      Timeout: 30,
    }),
  );
  try {
    const question = {
      table: await output('TableName'),
      jobs: await output('JobsQueueUrl'),
      deadLetters: await output('DeadLetterQueueUrl'),
      items: await output('ItemsBucket'),
      functions: {
        scheduler: functionName('scheduler'),
        autoscaler: functionName('autoscaler'),
        reader: functionName('reader'),
        control: functionName('control'),
        consumer: functionName('consumer'),
      },
      mapping: await mappingId(),
      attempts,
    };
    const { Payload } = await lambda.send(
      new InvokeCommand({ FunctionName, Payload: JSON.stringify(question) }),
    );
    return JSON.parse(Buffer.from(Payload ?? []).toString());
  } finally {
    await lambda.send(new DeleteFunctionCommand({ FunctionName }));
  }
}
