import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { MAX_PAGE_ITEMS } from '../../../../functions/core/items/source.ts';
import { LINES_PAGE_BYTES, s3Lines } from '../../../../functions/runtime/s3-lines.ts';

/** The file in S3, and its version. */
let file = '';
let etag = '"1"';

/** As much of S3 as a ranged GetObject needs. */
const server = createServer((request, response) => {
  const fail = (status: number, code: string) =>
    response
      .writeHead(status, { 'content-type': 'application/xml' })
      .end(`<Error><Code>${code}</Code></Error>`);
  const expected = request.headers['if-match'];
  if (expected !== undefined && expected !== etag) return fail(412, 'PreconditionFailed');
  const [from = 0, to = 0] =
    /bytes=(\d+)-(\d+)/
      .exec(request.headers.range ?? '')
      ?.slice(1)
      .map(Number) ?? [];
  const bytes = Buffer.from(file);
  if (from >= bytes.length) return fail(416, 'InvalidRange');
  const part = bytes.subarray(from, to + 1);
  return response
    .writeHead(206, { etag, 'content-range': `bytes ${from}-${from + part.length - 1}/${bytes.length}` })
    .end(part);
});

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  vi.stubEnv('AWS_ENDPOINT_URL', `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  vi.stubEnv('AWS_REGION', 'us-east-1');
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'test');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'test');
});
afterAll(() => {
  vi.unstubAllEnvs();
  server.closeAllConnections();
  server.close();
});

const source = s3Lines({ bucket: 'bucket', key: 'list.jsonl' });
const read = (cursor?: unknown) => source.read(cursor, { signal: new AbortController().signal });

async function readAll(): Promise<unknown[][]> {
  const pages: unknown[][] = [];
  let cursor: unknown;
  do {
    const page = await read(cursor);
    pages.push([...page.items]);
    cursor = page.next;
  } while (cursor !== undefined);
  return pages;
}

test('reads each line once, in pages of limited length', async () => {
  const texts = (count: number, length: number) =>
    Array.from({ length: count }, (_, at) => `${at} ${'ü'.repeat(length)}`);
  for (const [items, end] of [
    [[], ''],
    [['one'], ''],
    [['one', 'two'], '\n'],
    [texts(2 * MAX_PAGE_ITEMS + 1, 1), '\n'],
    [texts(2 * MAX_PAGE_ITEMS, 1), '\n\n'],
    // Characters of several bytes, at the end of a range.
    [texts(30, LINES_PAGE_BYTES / 20), ''],
  ] as const) {
    file = items.map((item) => JSON.stringify(item)).join('\n') + end;
    const pages = await readAll();
    expect(pages.flat()).toEqual(items);
    for (const page of pages) expect(page.length).toBeLessThanOrEqual(MAX_PAGE_ITEMS);
  }
});

test('reads one version of the file', async () => {
  file = Array.from({ length: MAX_PAGE_ITEMS + 1 }, (_, at) => at).join('\n');
  const { next } = await read();
  etag = '"2"';
  await expect(read(next)).rejects.toThrow('s3://bucket/list.jsonl was replaced while it was read');
});

test('says which line cannot be used', async () => {
  file = '{"id": 1}\n{"id": \n';
  await expect(read()).rejects.toThrow(/list\.jsonl: line 2 after byte 0 cannot be parsed/);
  file = 'x'.repeat(LINES_PAGE_BYTES + 1);
  await expect(read()).rejects.toThrow(/has a line of more than 4194304 bytes at byte 0/);
});
