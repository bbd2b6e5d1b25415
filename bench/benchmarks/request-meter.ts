import { once } from 'node:events';
import {
  Agent,
  createServer,
  request as forward,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { type Usage, usageOf } from '../../plan/prices.ts';

/** The requests that a meter has seen. */
export interface Counted {
  /** What AWS bills for them. */
  usage: Usage;
  /** Bytes of the message bodies, and of the whole requests to Elasticsearch. */
  messageBytes: number;
  resultsBytes: number;
  /** Bytes of the objects that were written to and read from S3. */
  putBytes: number;
  getBytes: number;
  /** Requests to Elasticsearch. */
  resultsRequests: number;
  /** Writes in transactions, by the partition key of their items. */
  writesByKey: Map<string, number>;
}

/** A proxy in front of a service that counts the requests sent to its URL. */
export interface Meter {
  readonly url: string;
  /** @throws Error if a request failed: its run must not be counted */
  readonly counted: Counted;
  /** Sets all counts to zero. */
  reset(): void;
  stop(): Promise<void>;
}

/** SQS bills every started 64 kB of messages as one request. */
const SQS_CHUNK_BYTES = 65_536;

const WRITES = ['PutItem', 'UpdateItem', 'DeleteItem', 'TransactWriteItems', 'BatchWriteItem'];
const READS = ['GetItem', 'Query', 'BatchGetItem', 'TransactGetItems', 'Scan'];

/**
 * Starts a meter in front of the emulator or Elasticsearch. It counts HTTP requests, so it needs no cooperation from their
 * sender. It adds ReturnConsumedCapacity to DynamoDB requests; the emulator computes the units from the item sizes as AWS
 * documents them, twice for transactions.
 */
export async function startMeter(service: string): Promise<Meter> {
  const target = new URL(service);
  const agent = new Agent({ keepAlive: true });
  let counted = zeroCounts();
  let failure: unknown;
  const server = createServer((request, response) => {
    pass(request, response).catch((error) => {
      failure ??= error;
      response.destroy();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');

  async function pass(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const call = nameOf(request);
    const asked = withCapacity(call, await buffer(request));
    const headers: OutgoingHttpHeaders = { ...request.headers, 'content-length': asked.length };
    delete headers['transfer-encoding'];
    const { method, url: path } = request;
    const onward = forward({ host: target.hostname, port: target.port, method, path, headers, agent });
    onward.end(asked);
    const [answer] = (await once(onward, 'response')) as [IncomingMessage];
    const answered = await buffer(answer);
    count(counted, call, asked, answered, answer.statusCode ?? 0);
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    response.end(answered);
  }

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get counted() {
      if (failure) throw failure;
      return counted;
    },
    reset: () => {
      counted = zeroCounts();
    },
    stop: async () => {
      agent.destroy();
      server.closeAllConnections();
      server.close();
    },
  };
}

function zeroCounts(): Counted {
  return {
    usage: usageOf({}),
    messageBytes: 0,
    resultsBytes: 0,
    putBytes: 0,
    getBytes: 0,
    resultsRequests: 0,
    writesByKey: new Map(),
  };
}

/** The action of an AWS request, for example `PutItem` (S3: `PUT object`, `GET bucket`); empty for Elasticsearch. */
function nameOf(request: IncomingMessage): string {
  if (request.headers.authorization?.includes('/s3/aws4_request')) {
    const [, , key] = new URL(request.url ?? '/', 'http://emulator').pathname.split('/');
    return `${request.method} ${key ? 'object' : 'bucket'}`;
  }
  return String(request.headers['x-amz-target'] ?? '').replace(/.*\./, '');
}

function withCapacity(call: string, body: Buffer): Buffer {
  if (!WRITES.includes(call) && !READS.includes(call)) return body;
  return Buffer.from(JSON.stringify({ ...JSON.parse(body.toString()), ReturnConsumedCapacity: 'TOTAL' }));
}

function count(counted: Counted, call: string, asked: Buffer, answered: Buffer, status: number): void {
  const { usage } = counted;
  if (call === '') {
    counted.resultsRequests++;
    counted.resultsBytes += asked.length;
    return;
  }
  if (status >= 300)
    throw new Error(`${call} failed with status ${status}: ${answered.toString().slice(0, 300)}`);
  if (call === 'PUT object') {
    usage.s3Puts++;
    counted.putBytes += asked.length;
  } else if (call === 'GET object') {
    usage.s3Gets++;
    counted.getBytes += answered.length;
  }
  if (call === 'TransactWriteItems') countWrites(counted.writesByKey, asked);
  if (WRITES.includes(call)) usage.ledgerWriteUnits += unitsOf(answered);
  else if (READS.includes(call)) usage.ledgerReadUnits += unitsOf(answered);
  else if (call === 'SendMessageBatch' || call === 'SendMessage') {
    const bytes = bytesIn(JSON.parse(asked.toString()), 'MessageBody');
    counted.messageBytes += bytes;
    usage.sqsSends += chunks(bytes);
  } else if (call === 'ReceiveMessage') {
    const bytes = bytesIn(JSON.parse(answered.toString()), 'Body');
    if (bytes === 0) usage.sqsIdleReceives++;
    else usage.sqsReceives += chunks(bytes);
  } else if (call === 'DeleteMessageBatch' || call === 'DeleteMessage') usage.sqsDeletes++;
  else if (call.startsWith('ChangeMessageVisibility')) usage.sqsReturns++;
}

function chunks(bytes: number): number {
  return Math.max(1, Math.ceil(bytes / SQS_CHUNK_BYTES));
}

interface Key {
  pk?: { S: string };
}

function countWrites(writesByKey: Map<string, number>, asked: Buffer): void {
  const { TransactItems } = JSON.parse(asked.toString()) as {
    TransactItems: Record<string, { Key?: Key; Item?: Key }>[];
  };
  for (const { Key, Item } of TransactItems.flatMap((write) => Object.values(write))) {
    const key = (Key ?? Item)?.pk?.S ?? '';
    writesByKey.set(key, (writesByKey.get(key) ?? 0) + 1);
  }
}

function unitsOf(answered: Buffer): number {
  const { ConsumedCapacity: consumed } = JSON.parse(answered.toString());
  if (consumed === undefined) throw new Error('the emulator did not return the units that a call consumed');
  return [consumed].flat().reduce((sum: number, { CapacityUnits }) => sum + CapacityUnits, 0);
}

/** Bytes of all fields with this name, in a request or an answer and in its lists. */
function bytesIn(json: Record<string, unknown>, name: 'MessageBody' | 'Body'): number {
  const lists = Object.values(json).filter(Array.isArray) as Record<string, unknown>[][];
  return [json, ...lists.flat()].reduce((sum, each) => {
    const text = each[name];
    return sum + (typeof text === 'string' ? Buffer.byteLength(text) : 0);
  }, 0);
}
