import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import type { Context } from 'aws-lambda';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { MAPPING } from '../../../functions/core/results/ensure-index.ts';

/** What a person waits for at most, in milliseconds; the SDK alone would wait for ever. */
const SOON_MS = 10_000;

const servers: Server[] = [];
const sockets = new Set<Socket>();
/** What each service was asked for. */
let asked: string[];
/** The warnings that were logged. */
let warnings: string[];

beforeEach(async () => {
  asked = [];
  warnings = [];
  vi.resetModules();
  const { log } = await import('../../../functions/runtime/logger.ts');
  vi.spyOn(log, 'warn').mockImplementation((...[message]) => {
    warnings.push(String(message));
  });
  vi.spyOn(log, 'info').mockImplementation(() => {});
  const services = await listen(createHttpServer(empty));
  const variables = {
    AWS_REGION: 'eu-west-1',
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    AWS_ENDPOINT_URL: services,
    DRUMLINE_TABLE: 'table',
    DRUMLINE_JOBS_QUEUE: `${services}/jobs`,
    DRUMLINE_DEAD_LETTER_QUEUE: `${services}/dead-letters`,
    DRUMLINE_CONSUMER: 'consumer',
    DRUMLINE_SCHEDULER: 'scheduler',
    DRUMLINE_ELASTICSEARCH_URL: services,
    DRUMLINE_ELASTICSEARCH_API_KEY_SECRET: '',
    DRUMLINE_ELASTICSEARCH_CA_FILE: '',
    DRUMLINE_INDEX: 'results',
    DRUMLINE_INDEX_MONTHLY: 'false',
    DRUMLINE_INDEX_SHARDS: '1',
    DRUMLINE_INDEX_REPLICAS: '1',
    DRUMLINE_INDEX_REFRESH_SECONDS: '',
  };
  for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value);
});

afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  for (const socket of sockets) socket.destroy();
  for (const server of servers.splice(0)) server.close();
});

async function listen(server: Server): Promise<string> {
  servers.push(server);
  server.on('connection', (socket) => sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** DynamoDB, SQS, Lambda and Elasticsearch, with nothing in them but an empty index. */
const empty: RequestListener = (request, response) => {
  asked.push(String(request.headers['x-amz-target'] ?? `${request.method} ${request.url?.split('?')[0]}`));
  request.resume();
  response.setHeader('x-elastic-product', 'Elasticsearch').setHeader('content-type', 'application/json');
  const isIndex = request.method === 'GET' && request.url === '/results';
  response.end(JSON.stringify(isIndex ? { results: { mappings: MAPPING } } : {}));
};

/** Lambda as it looks from a network without a way to it: connections are taken, and nothing is answered. */
async function silentLambda(): Promise<void> {
  vi.stubEnv('AWS_ENDPOINT_URL_LAMBDA', await listen(createServer()));
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

test('start answers soon, with the run started, though Lambda never answers', {
  timeout: SOON_MS,
}, async () => {
  await silentLambda();
  expect(await control()).toMatchObject({ running: true, x: 10, y: 1 });
  expect(asked).toContain('DynamoDB_20120810.TransactWriteItems');
  expect(warnings).toEqual(['the scheduler could not be asked at once']);
});

test('status answers soon, without the concurrency, though Lambda never answers', {
  timeout: SOON_MS,
}, async () => {
  await silentLambda();
  const seen = await status();
  expect(seen).toMatchObject({ running: false, enqueued: 0, queue: { visible: 0 } });
  expect(seen).not.toHaveProperty('concurrency');
  expect(warnings).toEqual(['Lambda could not be asked for the concurrency']);
});

test('status says that the concurrency is not limited where none is reserved', async () => {
  expect(await status()).toMatchObject({ concurrency: null });
  // Nor is it told the consumer's code and environment.
  expect(asked.filter((call) => call.includes('/functions/'))).toEqual([
    expect.stringMatching(/^GET .*\/functions\/consumer\/concurrency$/),
  ]);
});
