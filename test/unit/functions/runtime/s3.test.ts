import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openBucket } from '../../../../functions/runtime/s3.ts';
import * as s3 from '../../../../functions/runtime/s3-client.ts';

/** Answers the key `body` without an end, and no other key. */
const server: Server = createServer((request, response) => {
  if (request.url?.includes('body')) response.writeHead(200, { 'content-length': '100' }).write('{');
});
let client: s3.S3Client;

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  client = new s3.S3Client({
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    forcePathStyle: true,
  });
});
afterAll(() => {
  client.destroy();
  server.closeAllConnections();
  server.close();
});

test.each(['answer', 'body'])(
  'a read without %s ends at the deadline and counts as an outage',
  async (key) => {
    const bucket = openBucket('items', {
      open: async () => ({ s3, client }),
      deadline: () => Date.now() + 50,
    });
    await expect(bucket.get(key)).rejects.toMatchObject({ name: 'Unavailable', service: 'items' });
  },
);
