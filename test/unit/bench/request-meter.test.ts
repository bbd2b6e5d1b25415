import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Meter, startMeter } from '../../../bench/benchmarks/request-meter.ts';

/** A service that answers as told, and keeps what it was asked. */
let service: Server;
let answer: { status: number; body: unknown };
let asked: Record<string, unknown>[];
let meter: Meter;

beforeEach(async () => {
  asked = [];
  service = createServer(async (request, response) => {
    let body = '';
    for await (const part of request) body += part;
    asked.push(body ? JSON.parse(body) : {});
    response.writeHead(answer.status, { 'x-kept': 'yes' }).end(JSON.stringify(answer.body));
  }).listen(0, '127.0.0.1');
  await once(service, 'listening');
  meter = await startMeter(`http://127.0.0.1:${(service.address() as AddressInfo).port}`);
});

afterEach(async () => {
  await meter.stop();
  service.closeAllConnections();
  service.close();
});

async function call(target: string, body: unknown, answered: unknown = {}, status = 200) {
  answer = { status, body: answered };
  const headers = target ? { 'x-amz-target': `Some_20120810.${target}` } : undefined;
  return fetch(meter.url, { method: 'POST', body: JSON.stringify(body), ...(headers && { headers }) });
}

test('a queue’s request counts once for each 64 kB that it carries', async () => {
  const message = (bytes: number) => ({ MessageBody: 'x'.repeat(bytes) });
  await call('SendMessageBatch', { Entries: [message(100), message(100)] });
  await call('SendMessageBatch', { Entries: [message(65_536), message(1)] });
  await call('ReceiveMessage', {}, { Messages: [{ Body: 'x'.repeat(140_000) }] });
  await call('ReceiveMessage', {}, {});
  await call('DeleteMessageBatch', { Entries: [] });
  await call('ChangeMessageVisibilityBatch', { Entries: [] });
  expect(meter.counted.usage).toMatchObject({
    ...{ sqsSends: 1 + 2, sqsReceives: 3, sqsIdleReceives: 1, sqsDeletes: 1, sqsReturns: 1 },
  });
  expect(meter.counted.messageBytes).toBe(200 + 65_537);
});

test('DynamoDB is asked what a call took, and the caller gets its answer as it is', async () => {
  const answered = { Item: {}, ConsumedCapacity: { CapacityUnits: 1.5 } };
  const got = await call('GetItem', { Key: 1 }, answered);
  expect(await got.json()).toEqual(answered);
  expect(got.headers.get('x-kept')).toBe('yes');
  expect(asked).toEqual([{ Key: 1, ReturnConsumedCapacity: 'TOTAL' }]);
  const pk = { S: 'RUN' };
  const TransactItems = [
    { Put: { Item: { pk } } },
    { Update: { Key: { pk } } },
    { Put: { Item: { pk: { S: 'ONE' } } } },
  ];
  await call(
    'TransactWriteItems',
    { TransactItems },
    { ConsumedCapacity: [{ CapacityUnits: 22 }, { CapacityUnits: 2 }] },
  );
  expect([...meter.counted.writesByKey]).toEqual([
    ['RUN', 2],
    ['ONE', 1],
  ]);
  expect(meter.counted.usage).toMatchObject({ ledgerReadUnits: 1.5, ledgerWriteUnits: 24 });
});

test('Elasticsearch’s requests and bytes count apart', async () => {
  await call('', { some: 'document' });
  expect(meter.counted).toMatchObject({ resultsRequests: 1, resultsBytes: 19 });
});

test('it begins anew when it is reset', async () => {
  await call('DeleteMessage', {});
  meter.reset();
  expect(meter.counted.usage.sqsDeletes).toBe(0);
});

test('a refusal is not counted over: the count is refused as well', async () => {
  await call('PutItem', {}, { message: 'no' }, 400).catch(() => {});
  expect(() => meter.counted).toThrow(/PutItem failed with status 400/);
});

test('a request to S3 counts by its method, with the bytes of the object', async () => {
  const authorization = 'AWS4-HMAC-SHA256 Credential=test/20261125/us-east-1/s3/aws4_request, Signature=x';
  answer = { status: 200, body: 'twelve bytes' };
  const request = (method: string, body?: string) =>
    fetch(`${meter.url}/bucket/key`, { method, headers: { authorization }, ...(body && { body }) });
  await request('PUT', JSON.stringify('x'.repeat(98)));
  await (await request('GET')).text();
  await request('GET');
  expect(meter.counted.usage).toMatchObject({ s3Puts: 1, s3Gets: 2 });
  expect(meter.counted).toMatchObject({
    putBytes: 100,
    getBytes: 2 * '"twelve bytes"'.length,
    resultsRequests: 0,
  });
});
