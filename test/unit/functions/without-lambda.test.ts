import { createServer as createHttpServer } from 'node:http';
import { createServer } from 'node:net';
import type { Context } from 'aws-lambda';
import { beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { mappingOf } from '../../../functions/core/results/mapping.ts';
import { FakeElasticsearch, listen, stubEnvironment } from '../../fixtures/servers.ts';

/** The time within which a person expects an answer, in milliseconds. The SDK alone would wait for ever. */
const SOON_MS = 10_000;

/** The calls of the AWS services. */
let calls: string[];
/** The warnings that were logged. */
let warnings: string[];

beforeEach(async () => {
  calls = [];
  warnings = [];
  vi.resetModules();
  onTestFinished(() => void vi.restoreAllMocks());
  const { log } = await import('../../../functions/runtime/logger.ts');
  vi.spyOn(log, 'warn').mockImplementation((...[message]) => void warnings.push(String(message)));
  vi.spyOn(log, 'info').mockImplementation(() => {});
  // DynamoDB, SQS and Lambda, all of them empty.
  const aws = createHttpServer((request, response) => {
    calls.push(String(request.headers['x-amz-target'] ?? `${request.method} ${request.url}`));
    request.resume();
    response.setHeader('content-type', 'application/json').end('{}');
  });
  const services = `http://${await listen(aws)}`;
  stubEnvironment({
    AWS_ENDPOINT_URL: services,
    DRUMLINE_TABLE: 'table',
    DRUMLINE_JOBS_QUEUE: `${services}/jobs`,
    DRUMLINE_DEAD_LETTER_QUEUE: `${services}/dead-letters`,
    DRUMLINE_CONSUMER: 'consumer',
    DRUMLINE_SCHEDULER: 'scheduler',
    DRUMLINE_AUTOSCALER: 'autoscaler',
    DRUMLINE_AUTOSCALE: '',
    DRUMLINE_DRAIN_WITHIN_SECONDS: '',
    DRUMLINE_LIST: 'false',
    DRUMLINE_ITEMS_BUCKET: 'items',
    DRUMLINE_MAX_ATTEMPTS: '5',
    DRUMLINE_RETRY_BASE_SECONDS: '1',
    DRUMLINE_RETRY_CAP_SECONDS: '60',
    DRUMLINE_MAPPING: JSON.stringify(mappingOf({ list: false })),
    DRUMLINE_ELASTICSEARCH_URL: `http://${await listen(createHttpServer(new FakeElasticsearch().listener))}`,
    DRUMLINE_ELASTICSEARCH_API_KEY_SECRET: '',
    DRUMLINE_ELASTICSEARCH_CA_FILE: '',
    DRUMLINE_INDEX: 'results',
    DRUMLINE_INDEX_MONTHLY: 'false',
    DRUMLINE_INDEX_SHARDS: '1',
    DRUMLINE_INDEX_REPLICAS: '1',
    DRUMLINE_INDEX_REFRESH_SECONDS: '',
  });
});

/** Lambda from a network without a route to it: connections are accepted and never answered. */
async function silenceLambda(): Promise<void> {
  vi.stubEnv('AWS_ENDPOINT_URL_LAMBDA', `http://${await listen(createServer())}`);
}

const context = { functionName: 'tested', getRemainingTimeInMillis: () => 30_000 } as Context;

async function control() {
  const { handler } = await import('../../../functions/control.ts');
  return handler({ action: 'start', x: 10, y: 1 }, context);
}

async function status() {
  const { handler } = await import('../../../functions/status.ts');
  return handler({}, context);
}

test('start answers soon and starts the run even if Lambda never answers', { timeout: SOON_MS }, async () => {
  await silenceLambda();
  expect(await control()).toMatchObject({ running: true, x: 10, y: 1 });
  expect(calls).toContain('DynamoDB_20120810.TransactWriteItems');
  expect(warnings).toEqual(['the scheduler could not be asked at once']);
});

test('status answers soon and without the concurrency if Lambda never answers', {
  timeout: SOON_MS,
}, async () => {
  await silenceLambda();
  const answer = await status();
  expect(answer).toMatchObject({ running: false, enqueued: 0, queue: { visible: 0 } });
  expect(answer).not.toHaveProperty('concurrency');
  expect(warnings).toEqual(['Lambda could not be asked for the concurrency']);
});

test('status reports an unlimited concurrency if none is reserved, and reads nothing else of the consumer', async () => {
  expect(await status()).toMatchObject({ concurrency: null });
  // Its configuration contains the consumer's environment.
  expect(calls.filter((call) => call.includes('/functions/'))).toEqual([
    expect.stringMatching(/^GET .*\/functions\/consumer\/concurrency$/),
  ]);
});
