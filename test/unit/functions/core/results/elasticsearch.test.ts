import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { inspect } from 'node:util';
import { beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { Unavailable } from '../../../../../functions/core/model/errors.ts';
import { type ResultDocument, writeDocuments } from '../../../../../functions/core/results/documents.ts';
import { checkIndex, ensureIndex } from '../../../../../functions/core/results/ensure-index.ts';
import { indexMappingOf, mappingOf, resultFields } from '../../../../../functions/core/results/mapping.ts';
import { countDocuments } from '../../../../../functions/core/results/search.ts';
import { openResults } from '../../../../../functions/runtime/open-results.ts';
import { makeCertificates } from '../../../../certificates.ts';
import { job, RUN } from '../../../../fixtures/ledger.ts';
import { FakeElasticsearch, listen, stubEnvironment } from '../../../../fixtures/servers.ts';

let elasticsearch: FakeElasticsearch;
/** The string of the secret; undefined if there is no secret. */
let secret: string | undefined;
/** How often the secret was read. */
let reads: number;

beforeEach(async () => {
  elasticsearch = new FakeElasticsearch();
  elasticsearch.apiKey = secret = 'key-1';
  reads = 0;
  vi.useFakeTimers({ toFake: ['Date'] });
  onTestFinished(() => void vi.useRealTimers());
  const secretsManager = await listen(createHttpServer(answerSecret));
  stubEnvironment({ AWS_ENDPOINT_URL_SECRETS_MANAGER: `http://${secretsManager}` });
});

const answerSecret: RequestListener = (_request, response) => {
  reads++;
  response.setHeader('content-type', 'application/x-amz-json-1.1');
  if (secret !== undefined) response.end(JSON.stringify({ Name: 'key', SecretString: secret }));
  else {
    const error = { __type: 'ResourceNotFoundException', message: 'no such secret' };
    response.writeHead(400).end(JSON.stringify(error));
  }
};

const plain = async () => `http://${await listen(createHttpServer(elasticsearch.listener))}`;

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
  expect(elasticsearch.requests.map(({ authorization }) => authorization)).toEqual([
    'ApiKey key-1',
    'ApiKey key-1',
  ]);
  expect(reads).toBe(1);
});

test('continues with a changed key, for all current requests', async () => {
  const results = open(await plain());
  await countDocuments(results, RUN);
  minuteLater();
  elasticsearch.apiKey = secret = 'key-2';
  const answers = await Promise.all([
    writeDocuments(results, documents),
    writeDocuments(results, documents),
    countDocuments(results, RUN),
  ]);
  expect(answers).toEqual([WRITTEN, WRITTEN, 3]);
  expect(reads).toBe(2);
  // The document went along the second time, too.
  expect(
    elasticsearch.requests.filter(({ authorization }) => authorization === 'ApiKey key-2')[0]?.body,
  ).not.toBe('');
});

test('treats a key that is refused right after it was read as an outage', async () => {
  const results = open(await plain());
  await countDocuments(results, RUN);
  minuteLater();
  elasticsearch.apiKey = 'another';
  expect((await writeDocuments(results, documents)).problem).toBeInstanceOf(Unavailable);
  await expect(countDocuments(results, RUN)).rejects.toBeInstanceOf(Unavailable);
  await expect(checkIndex(results, { name: 'results' }, 1_000)).rejects.toBeInstanceOf(Unavailable);
  // Nor is it read with each request.
  expect(reads).toBe(2);
});

test('shows the key in no error at any depth', async () => {
  const results = open(await plain());
  elasticsearch.apiKey = 'another';
  const refused = await countDocuments(results, RUN).catch((thrown) => thrown);
  for (const error of [(await writeDocuments(results, documents)).problem, refused]) {
    expect(error).toBeInstanceOf(Unavailable);
    expect(inspect(error, { depth: 20, showHidden: true })).not.toContain('key-1');
    expect(JSON.stringify(error)).not.toContain('key-1');
  }
});

test('treats a secret that cannot be read as an outage, and names the secret', async () => {
  secret = undefined;
  const results = open(await plain());
  expect((await writeDocuments(results, documents)).problem?.message).toMatch(
    /^the results can't be used just now: .*the secret the-secret cannot be read: ResourceNotFoundException/,
  );
  await expect(countDocuments(results, RUN)).rejects.toBeInstanceOf(Unavailable);
  expect(elasticsearch.requests).toEqual([]);
  secret = 'key-1';
  expect(await writeDocuments(results, documents)).toEqual(WRITTEN);
});

test('refuses secrets that are not API keys, without showing them', async () => {
  for (const value of ['{"apiKey":"s3cret"}', 's3cret s3cret', '', 's3cret\r\nx-injected: yes']) {
    secret = value;
    const { problem } = await writeDocuments(open(await plain()), documents);
    expect(problem).toBeInstanceOf(Unavailable);
    expect(problem?.message).toContain('contains no API key');
    expect(problem?.message).not.toContain('s3cret');
  }
});

test('retries for callers that wait, and not for workers, whose messages are redelivered', async () => {
  const url = await plain();
  elasticsearch.failures = [503, 503];
  expect(await countDocuments(open(url, { retries: 2 }), RUN)).toBe(3);
  elasticsearch.failures = [503];
  await expect(countDocuments(open(url), RUN)).rejects.toBeInstanceOf(Unavailable);
});

test('repeats a request once if its connection was closed', async () => {
  const url = await plain();
  const results = open(url);
  expect(await countDocuments(results, RUN)).toBe(3);
  // As a gateway does with a connection that it has forgotten.
  elasticsearch.resets = 1;
  expect(await writeDocuments(results, documents)).toEqual(WRITTEN);
  elasticsearch.resets = 2;
  await expect(countDocuments(results, RUN)).rejects.toBeInstanceOf(Unavailable);
});

test('writes to one index even if another one is closed, and reports the problem', async () => {
  const results = open(await plain());
  const closed = 'results-2026.10';
  elasticsearch.closedIndex = closed;
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
  elasticsearch.bulkItem = { status: blamed ? 400 : 429, error: { type, reason } };
  const { written, problem } = await writeDocuments(results, documents);
  expect(written).toHaveLength(blamed ? 1 : 0);
  expect(problem === undefined).toBe(blamed);
});

test('creates the index with its settings', async () => {
  elasticsearch.hasIndex = false;
  await ensureIndex(open(await plain()));
  const settings = { number_of_shards: 3, number_of_replicas: 2, refresh_interval: '30s' };
  const [template, index] = elasticsearch.requests.map(({ body }) => body && JSON.parse(body));
  expect(template).toMatchObject({
    index_patterns: ['results'],
    template: { mappings: elasticsearch.mappings, settings },
  });
  expect(index).toEqual({ mappings: elasticsearch.mappings, settings });
});

/** The index's mapping with some of its fields changed, or removed if they are undefined. */
function fieldsChanged(changed: Record<string, unknown>): void {
  elasticsearch.mappings = { properties: { ...PROPERTIES, ...changed } };
}
const PROPERTIES = { ...indexMappingOf(resultFields(mappingOf({ list: false }))).properties };
const added = () => elasticsearch.requests.filter(({ call }) => call === 'PUT /results/_mapping');

test('a start adds the fields that an earlier version did not write, and those that the output gained', async () => {
  const results = open(await plain());
  await ensureIndex(results);
  expect(added()).toEqual([]);
  fieldsChanged({ version: undefined, item: undefined, input: { type: 'long' } });
  await ensureIndex(results);
  const { version, item } = PROPERTIES;
  expect(added().map(({ body }) => JSON.parse(body))).toEqual([{ properties: { version, item } }]);

  const { output } = mappingOf({ list: false, output: { score: 'float', label: 'keyword' } });
  fieldsChanged({ output: { dynamic: 'false', properties: { score: { type: 'float' } } } });
  await ensureIndex({ ...results, mapping: { ...results.mapping, output } });
  expect(JSON.parse(added()[1]?.body ?? '')).toEqual({ properties: { output } });
});

test('a start that may not add fields says which request does', async () => {
  fieldsChanged({ version: undefined });
  for (const status of [400, 403]) {
    elasticsearch.failures = [0, 0, 0, status];
    await expect(ensureIndex(open(await plain()))).rejects.toMatchObject({
      code: 'index_conflict',
      message: expect.stringMatching(
        /lacks the fields version.*privilege manage.*PUT \/results\/_mapping {"properties":{"version":{"type":"keyword"}}}/,
      ),
    });
  }
  elasticsearch.failures = [0, 0, 0, 503];
  await expect(ensureIndex(open(await plain()))).rejects.toBeInstanceOf(Unavailable);
});

test.each([
  ['output', { output: { type: 'long' } }, 'long', true],
  ['item', { item: { type: 'keyword' } }, 'keyword', true],
  ['output', { output: { properties: {} } }, 'object', true],
  ['version', { version: { type: 'text' } }, 'text', true],
  ['jobId', { jobId: { type: 'text' } }, 'text', false],
  ['tick', { tick: undefined }, 'nothing', false],
])('%s mapped differently, as in %j, stops a start', async (field, changed, actual, workerContinues) => {
  fieldsChanged(changed);
  const results = open(await plain());
  await expect(ensureIndex(results)).rejects.toMatchObject({
    code: 'index_conflict',
    message: expect.stringContaining(`the index results maps ${field} as ${actual}, not as `),
    details: { field },
  });
  // Jobs of an earlier definition may still be queued.
  const checked = checkIndex(results, { name: 'results' }, 1_000);
  if (workerContinues) await checked;
  else await expect(checked).rejects.toBeInstanceOf(Unavailable);
});

test('an output mapping that Elasticsearch does not accept is reported with its reason', async () => {
  elasticsearch.failures = [400];
  elasticsearch.failure = 'mapper_parsing_exception';
  await expect(ensureIndex(open(await plain()))).rejects.toMatchObject({
    code: 'index_conflict',
    message: expect.stringMatching(
      /does not accept the mapping of the job’s output: .*mapper_parsing_exception/,
    ),
  });
});

test('trusts a private authority only if it is configured', async () => {
  const { authority, certificate, key } = await makeCertificates();
  const folder = mkdtempSync(join(tmpdir(), 'drumline-elasticsearch-'));
  const file = join(folder, 'ca.pem');
  try {
    writeFileSync(file, authority);
    const server = createHttpsServer({ cert: certificate, key }, elasticsearch.listener);
    const url = `https://${await listen(server)}`;
    expect(await countDocuments(open(url, {}, pathToFileURL(file).href), RUN)).toBe(3);
    await expect(countDocuments(open(url), RUN)).rejects.toBeInstanceOf(Unavailable);
    // Its certificate is for this address, not for that name.
    const other = url.replace('127.0.0.1', 'localhost');
    await expect(countDocuments(open(other, {}, pathToFileURL(file).href), RUN)).rejects.toBeInstanceOf(
      Unavailable,
    );
    expect(elasticsearch.requests).toHaveLength(1);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
