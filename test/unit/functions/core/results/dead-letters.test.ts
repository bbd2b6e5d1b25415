import { createServer, type RequestListener } from 'node:http';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { Unavailable } from '../../../../../functions/core/model/errors.ts';
import { connect, type WritableResults } from '../../../../../functions/core/results/client.ts';
import {
  createDeadLetterIndex,
  type DeadLetterDocument,
  deleteDeadLetters,
  deleteDeadLettersBefore,
  writeDeadLetters,
} from '../../../../../functions/core/results/dead-letters.ts';
import { queryDeadLetterIds, queryDeadLetters } from '../../../../../functions/core/results/query.ts';
import { jobs, NOW } from '../../../../fixtures/ledger.ts';
import { listen } from '../../../../fixtures/servers.ts';

/** The requests, and what Elasticsearch answers to the next one. */
const requests: { call: string; lines: unknown[] }[] = [];
let status: number;
let answer: object;
let results: WritableResults;

const listener: RequestListener = async (request, response) => {
  let body = '';
  for await (const chunk of request) body += chunk;
  const lines = body.split('\n').flatMap((line) => (line ? [JSON.parse(line)] : []));
  requests.push({ call: `${request.method} ${request.url?.split('?')[0]}`, lines });
  response.setHeader('x-elastic-product', 'Elasticsearch').setHeader('content-type', 'application/json');
  response.writeHead(status).end(JSON.stringify(answer));
};

beforeEach(async () => {
  requests.length = 0;
  [status, answer] = [200, {}];
  results = connect(`http://${await listen(createServer(listener))}`, 'results');
  onTestFinished(() => results.client.close());
});

const letters = jobs(1, 2).map((jobId) => ({ jobId, reason: 'no' }) as DeadLetterDocument);
const error = (type: string) => ({ error: { type, reason: `it is ${type}` } });

test('writes each document under its jobId, so that a later one replaces it', async () => {
  answer = { items: [{ index: { status: 201 } }, { index: { status: 200 } }] };
  expect(await writeDeadLetters(results, letters, 1_000)).toEqual({ outages: new Map() });
  const [first, second] = letters;
  const lines = [{ index: { _id: '1' } }, first, { index: { _id: '2' } }, second];
  expect(requests).toEqual([{ call: 'POST /results.dead-letters/_bulk', lines }]);
});

test('deletes documents, also those that do not exist', async () => {
  answer = { items: [{ delete: { status: 200 } }, { delete: { status: 404 } }] };
  expect(await deleteDeadLetters(results, jobs(1, 2))).toEqual({ outages: new Map() });
  expect(requests[0]?.lines).toEqual([{ delete: { _id: '1' } }, { delete: { _id: '2' } }]);
});

test.each([
  // The answer to one document, and whether it is an outage.
  ...[400, 403, 404, 413].map((one) => [one, false] as const),
  ...[401, 429, 500, 503].map((one) => [one, true] as const),
])('tells refusals from outages: %s', async (one, isOutage) => {
  answer = { items: [{ index: { status: 201 } }, { index: { status: one, ...error('bad') } }] };
  const ofOne = await writeDeadLetters(results, letters, 1_000);
  [status, answer] = [one, error('bad')];
  const ofAll = await writeDeadLetters(results, letters, 1_000);
  expect([[...ofOne.outages.keys()], [...ofAll.outages.keys()]]).toEqual(isOutage ? [[2], [1, 2]] : [[], []]);
  for (const { refusal, outages } of [ofOne, ofAll]) {
    if (isOutage) expect([...outages.values()][0]).toBeInstanceOf(Unavailable);
    else expect(refusal).toMatch(/it is bad|ResponseError: bad/);
  }
});

test('a worker creates the index, or learns from its writes that it may not', async () => {
  await createDeadLetterIndex(results, 1_000);
  const [{ call = '', lines = [] } = {}] = requests;
  expect([call, lines]).toEqual([
    'PUT /results.dead-letters',
    [{ mappings: { dynamic: false, properties: expect.objectContaining({ reason: { type: 'text' } }) } }],
  ]);
  for (const [refused, type] of [
    [400, 'resource_already_exists_exception'],
    [403, 'security_exception'],
  ] as const) {
    [status, answer] = [refused, error(type)];
    await createDeadLetterIndex(results, 1_000);
  }
  [status, answer] = [503, error('down')];
  await expect(createDeadLetterIndex(results, 1_000)).rejects.toBeInstanceOf(Unavailable);
});

test.each([
  [0, false],
  [3, false],
  [10_000, true],
])('deletes documents of earlier dead letters: %s at once', async (found, more) => {
  const hits = Array.from({ length: found }, (_, at) => ({ _id: `${at + 1}` }));
  answer = { hits: { hits }, items: hits.map(() => ({ delete: { status: 200 } })) };
  const before = new Date(NOW).toISOString();
  expect(await deleteDeadLettersBefore(results, before)).toEqual({ deleted: found, more });
  const [, search, bulk] = requests;
  expect(search?.lines).toMatchObject([{ query: { range: { givenUpAt: { lt: before } } } }]);
  if (found > 0) expect(bulk?.lines).toEqual(hits.map((hit) => ({ delete: hit })));
});

test.each([
  ['an outage', 503],
  ['a key without the privilege', 403],
])('says that documents could not be deleted: %s', async (_, refused) => {
  answer = { hits: { hits: [{ _id: '1' }] }, items: [{ delete: { status: refused, ...error('bad') } }] };
  const deleted = deleteDeadLettersBefore(results, new Date(NOW).toISOString());
  await expect(deleted).rejects.toBeInstanceOf(Unavailable);
  [status, answer] = [refused, error('bad')];
  await expect(deleteDeadLettersBefore(results, new Date(NOW).toISOString())).rejects.toBeInstanceOf(
    Unavailable,
  );
});

test('searches find no dead letter that its queue has dropped', async () => {
  const query = { query: 'reason:no', size: 10 };
  const filter = [{ range: { givenUpAt: { gte: new Date(NOW).toISOString() } } }];
  await queryDeadLetters(results, query, NOW);
  answer = { hits: { total: { value: 2 }, hits: jobs(4, 9).map((jobId) => ({ _source: { jobId } })) } };
  expect(await queryDeadLetterIds(results, query, NOW)).toEqual({ total: 2, jobIds: [4, 9] });
  for (const { call, lines } of requests) {
    expect(call).toBe('POST /results.dead-letters/_search');
    expect(lines).toMatchObject([{ query: { bool: { filter } } }]);
  }
});
