import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer, type RequestListener, type Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { inspect } from 'node:util';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Unavailable } from '../../../../../functions/core/model/errors.ts';
import { type ResultDocument, writeDocuments } from '../../../../../functions/core/results/documents.ts';
import { checkIndex, ensureIndex, MAPPING } from '../../../../../functions/core/results/ensure-index.ts';
import { countDocuments } from '../../../../../functions/core/results/search.ts';
import { openResults } from '../../../../../functions/runtime/open-results.ts';
import { makeCertificates } from '../../../../certificates.ts';
import { job, RUN } from '../../../../fixtures/ledger.ts';

/** The key that Elasticsearch takes, the one that the secret holds, and what both were asked. */
let taken: string;
let held: string | undefined;
let reads: number;
let requests: { line: string; authorization: string | undefined; body: string }[];
/** Statuses to answer with before the ordinary answer; how many requests to drop; an index that is closed. */
let trouble: number[];
let dropped: number;
let closed: string;
/** What it says of each document. */
let item: object;
const servers: Server[] = [];

beforeEach(async () => {
  taken = 'key-1';
  held = 'key-1';
  reads = 0;
  requests = [];
  trouble = [];
  dropped = 0;
  closed = 'none';
  item = { status: 201 };
  vi.useFakeTimers({ toFake: ['Date'] });
  const secrets = await listen(createHttpServer(secretsManager));
  vi.stubEnv('AWS_ENDPOINT_URL_SECRETS_MANAGER', secrets.replace('https', 'http'));
  vi.stubEnv('AWS_REGION', 'eu-west-1');
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'test');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'test');
});

afterEach(async () => {
  vi.useRealTimers();
  vi.unstubAllEnvs();
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

async function listen(server: Server): Promise<string> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const secretsManager: RequestListener = (_request, response) => {
  reads++;
  response.setHeader('content-type', 'application/x-amz-json-1.1');
  if (held === undefined) {
    response
      .writeHead(400)
      .end(JSON.stringify({ __type: 'ResourceNotFoundException', message: 'no such secret' }));
  } else {
    response.end(JSON.stringify({ Name: 'key', SecretString: held }));
  }
};

/** Answers as Elasticsearch does, for as much as is asked of it here. */
const elasticsearch: RequestListener = async (request, response) => {
  if (dropped > 0) {
    dropped--;
    request.socket.resetAndDestroy();
    return;
  }
  let body = '';
  for await (const chunk of request) body += chunk;
  const { method, url, headers } = request;
  requests.push({ line: `${method} ${url?.split('?')[0]}`, authorization: headers.authorization, body });
  response.setHeader('x-elastic-product', 'Elasticsearch').setHeader('content-type', 'application/json');
  const status = trouble.shift();
  if (status)
    response.writeHead(status).end(JSON.stringify({ error: { type: 'trouble', reason: 'trouble' } }));
  else if (headers.authorization !== `ApiKey ${taken}`)
    response.writeHead(401).end(JSON.stringify({ error: { type: 'security_exception', reason: 'no' } }));
  else if (url?.startsWith(`/${closed}/`))
    response
      .writeHead(400)
      .end(JSON.stringify({ error: { type: 'index_closed_exception', reason: 'closed' } }));
  else if (method === 'GET') response.end(JSON.stringify({ results: { mappings: MAPPING } }));
  else if (url?.includes('_bulk')) response.end(JSON.stringify({ items: [{ create: item }] }));
  else response.end(JSON.stringify({ count: 3, acknowledged: true }));
};

const plain = async () => (await listen(createHttpServer(elasticsearch))).replace('https', 'http');

function open(url: string, patience = {}, authority = '') {
  return openResults(
    {
      DRUMLINE_ELASTICSEARCH_URL: url,
      DRUMLINE_ELASTICSEARCH_API_KEY_SECRET: 'the-secret',
      DRUMLINE_ELASTICSEARCH_CA_FILE: authority,
      DRUMLINE_INDEX: 'results',
      DRUMLINE_INDEX_SHARDS: 3,
      DRUMLINE_INDEX_REPLICAS: 2,
      DRUMLINE_INDEX_REFRESH_SECONDS: 30,
    },
    patience,
  );
}

const documents = [{ index: 'results', document: { jobId: job(1), runId: RUN } as ResultDocument }];
const WRITTEN = { written: [{ jobId: 1 }] };
const minuteLater = () => vi.setSystemTime(Date.now() + 60_000);

test('reads the API key once, when it is first needed, and sends it with each request', async () => {
  const results = open(await plain());
  expect(reads).toBe(0);
  expect(await countDocuments(results, RUN)).toBe(3);
  expect(await writeDocuments(results, documents)).toEqual(WRITTEN);
  expect(requests.map(({ authorization }) => authorization)).toEqual(['ApiKey key-1', 'ApiKey key-1']);
  expect(reads).toBe(1);
});

test('continues with a changed key, for all current requests', async () => {
  const results = open(await plain());
  await countDocuments(results, RUN);
  minuteLater();
  taken = held = 'key-2';
  const answers = await Promise.all([
    writeDocuments(results, documents),
    writeDocuments(results, documents),
    countDocuments(results, RUN),
  ]);
  expect(answers).toEqual([WRITTEN, WRITTEN, 3]);
  expect(reads).toBe(2);
  // The document went along the second time, too.
  expect(requests.filter(({ authorization }) => authorization === 'ApiKey key-2')[0]?.body).not.toBe('');
});

test('treats a key that is refused right after it was read as an outage', async () => {
  const results = open(await plain());
  await countDocuments(results, RUN);
  minuteLater();
  taken = 'another';
  expect((await writeDocuments(results, documents)).problem).toBeInstanceOf(Unavailable);
  await expect(countDocuments(results, RUN)).rejects.toBeInstanceOf(Unavailable);
  await expect(checkIndex(results, { name: 'results' }, 1_000)).rejects.toBeInstanceOf(Unavailable);
  // Nor is it read with each request.
  expect(reads).toBe(2);
});

test('shows the key in no error at any depth', async () => {
  const results = open(await plain());
  taken = 'another';
  const refused = await countDocuments(results, RUN).catch((thrown) => thrown);
  for (const error of [(await writeDocuments(results, documents)).problem, refused]) {
    expect(error).toBeInstanceOf(Unavailable);
    expect(inspect(error, { depth: 20, showHidden: true })).not.toContain('key-1');
    expect(JSON.stringify(error)).not.toContain('key-1');
  }
});

test('treats a secret that cannot be read as an outage, and names the secret', async () => {
  held = undefined;
  const results = open(await plain());
  expect((await writeDocuments(results, documents)).problem?.message).toMatch(
    /^the results can't be used just now: .*the secret the-secret cannot be read: ResourceNotFoundException/,
  );
  await expect(countDocuments(results, RUN)).rejects.toBeInstanceOf(Unavailable);
  expect(requests).toEqual([]);
  held = 'key-1';
  expect(await writeDocuments(results, documents)).toEqual(WRITTEN);
});

test.each([['{"apiKey":"s3cret"}'], ['s3cret s3cret'], [''], ['s3cret\r\nx-injected: yes']])(
  'refuses the secret %j without showing it',
  async (value) => {
    held = value;
    const { problem } = await writeDocuments(open(await plain()), documents);
    expect(problem).toBeInstanceOf(Unavailable);
    expect(problem?.message).toContain('contains no API key');
    expect(problem?.message).not.toContain('s3cret');
  },
);

test('retries for callers that wait, and not for workers, whose messages are redelivered', async () => {
  const url = await plain();
  trouble = [503, 503];
  expect(await countDocuments(open(url, { retries: 2 }), RUN)).toBe(3);
  trouble = [503];
  await expect(countDocuments(open(url), RUN)).rejects.toBeInstanceOf(Unavailable);
});

test('repeats a request once if its connection was closed', async () => {
  const url = await plain();
  const results = open(url);
  expect(await countDocuments(results, RUN)).toBe(3);
  // As a gateway does with a connection that it has forgotten.
  dropped = 1;
  expect(await writeDocuments(results, documents)).toEqual(WRITTEN);
  dropped = 2;
  await expect(countDocuments(results, RUN)).rejects.toBeInstanceOf(Unavailable);
});

test('writes to one index even if another one is closed, and reports the problem', async () => {
  const results = open(await plain());
  closed = 'results-2026.10';
  const document = (index: string, jobId: number) => ({
    index,
    document: { jobId: job(jobId), runId: RUN } as ResultDocument,
  });
  const { written, problem } = await writeDocuments(results, [
    document(closed, 1),
    document('results-2026.11', 2),
  ]);
  expect(written).toEqual([{ jobId: 2 }]);
  expect(problem?.message).toContain('index_closed_exception');
});

test.each([
  ['document_parsing_exception', 'failed to parse field [output] of type [long]', true],
  ['illegal_argument_exception', 'Document contains at least one immense term', true],
  ['illegal_argument_exception', "Number of documents in the index can't exceed [2147483519]", false],
  ['illegal_argument_exception', 'pipeline with id [gone] does not exist', false],
  ['es_rejected_execution_exception', 'no room', false],
  ['index_closed_exception', 'closed', false],
])('blames the document for %s: %s: %j', async (type, reason, blamed) => {
  const results = open(await plain());
  item = { status: blamed ? 400 : 429, error: { type, reason } };
  const { written, problem } = await writeDocuments(results, documents);
  expect(written).toHaveLength(blamed ? 1 : 0);
  expect(problem === undefined).toBe(blamed);
});

test('creates the index with its settings', async () => {
  const results = open(await plain());
  await ensureIndex(results);
  const settings = { number_of_shards: 3, number_of_replicas: 2, refresh_interval: '30s' };
  const [template, index] = requests.map(({ body }) => body && JSON.parse(body));
  expect(template).toMatchObject({ index_patterns: ['results'], template: { mappings: MAPPING, settings } });
  expect(index).toEqual({ mappings: MAPPING, settings });
});

test('trusts a private authority only if it is configured', async () => {
  const { authority, certificate, key } = await makeCertificates();
  const folder = mkdtempSync(join(tmpdir(), 'drumline-elasticsearch-'));
  const file = join(folder, 'ca.pem');
  try {
    writeFileSync(file, authority);
    const url = await listen(createHttpsServer({ cert: certificate, key }, elasticsearch));
    expect(await countDocuments(open(url, {}, pathToFileURL(file).href), RUN)).toBe(3);
    await expect(countDocuments(open(url), RUN)).rejects.toBeInstanceOf(Unavailable);
    // Its certificate is for this address, not for that name.
    const other = url.replace('127.0.0.1', 'localhost');
    await expect(countDocuments(open(other, {}, pathToFileURL(file).href), RUN)).rejects.toBeInstanceOf(
      Unavailable,
    );
    expect(requests).toHaveLength(1);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
