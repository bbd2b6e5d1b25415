import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { CommandError } from '../../../../cli/terminal/errors.ts';
import type { View } from '../../../../dashboard/protocol.ts';
import { type Dashboard, startDashboard } from '../../../../dashboard/server/server.ts';
import { InventedCloud } from '../../../fixtures/invented-cloud.ts';

let folder: string;
let cloud: InventedCloud;
let dashboard: Dashboard;
let port: string;
let token: string;

const start = (writable: boolean, at = 0) =>
  startDashboard({ cloud, pageFolder: join(folder, 'dist'), version: '1.2.3', port: at, writable });

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'drumline-test-'));
  await mkdir(join(folder, 'dist', 'assets'), { recursive: true });
  await writeFile(join(folder, 'dist', 'index.html'), '<p>the page');
  await writeFile(join(folder, 'dist', 'assets', 'index-abc.js'), 'code');
  await writeFile(join(folder, 'secret.txt'), 'secret');
  cloud = new InventedCloud({ workers: 2, x: 1_000, y: 1, batchMs: 1_000, batchJobs: 10, deadLetters: 3 });
  dashboard = await start(true);
  ({ port } = new URL(dashboard.address));
  token = new URLSearchParams(new URL(dashboard.address).hash.slice(1)).get('token') ?? '';
});

afterEach(async () => {
  await dashboard.close();
  await rm(folder, { recursive: true });
});

interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  text: string;
}

/** Sends a request as it is; fetch would refuse some headers, and tidy up paths. */
function send(
  method: string,
  path: string,
  headers: Record<string, string> = {},
  body = '',
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, method, path, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part) => {
        text += part;
      });
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text }),
      );
    });
    sent.on('error', reject).end(body);
  });
}

const JSON_TYPE = { 'content-type': 'application/json' };
const post = (path: string, body: unknown, headers = {}) =>
  send('POST', path, { ...JSON_TYPE, 'x-drumline-token': token, ...headers }, JSON.stringify(body));
const errorOf = ({ text }: Answer) => JSON.parse(text).error as { code: string; message: string };

describe('answers only its own page', () => {
  const OWN = () => ({ host: `127.0.0.1:${port}` });
  test.each([
    ['its own page', () => ({ origin: `http://127.0.0.1:${port}`, 'sec-fetch-site': 'same-origin' }), 200],
    ['localhost', () => ({ host: `localhost:${port}` }), 200],
    ['a typed address', () => ({ 'sec-fetch-site': 'none' }), 200],
    ['another name for 127.0.0.1', () => ({ host: `evil.example:${port}` }), 403],
    ['another port', () => ({ host: '127.0.0.1:1' }), 403],
    ['another origin', () => ({ origin: 'https://evil.example' }), 403],
    ['another server of this machine', () => ({ origin: 'http://127.0.0.1:1' }), 403],
    ['a sandboxed page', () => ({ origin: 'null' }), 403],
    [
      'an image of another page',
      () => ({ 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' }),
      403,
    ],
    ['a link to data', () => ({ 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' }), 403],
  ])('%s', async (_name, headers, expected) => {
    const answer = await send('GET', '/api/about', { ...OWN(), ...headers() });
    expect(answer.status).toBe(expected);
    if (expected === 403) expect(errorOf(answer).code).toBe('foreign_origin');
  });

  test('a link from elsewhere may open the page itself', async () => {
    const link = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' };
    expect((await send('GET', '/jobs/17', link)).text).toBe('<p>the page');
  });

  test.each(['HEAD', 'OPTIONS', 'PUT', 'DELETE', 'PATCH'])('%s is refused', async (method) => {
    expect((await send(method, '/api/about')).status).toBe(405);
  });
});

test('serves its files, and no others', async () => {
  const page = await send('GET', '/runs');
  expect(page.text).toBe('<p>the page');
  expect(page.headers['cache-control']).toBe('no-store');
  expect(page.headers['content-security-policy']).toMatch(/^default-src 'none'; script-src 'self'; /);
  expect(page.headers['referrer-policy']).toBe('no-referrer');
  const asset = await send('GET', '/assets/index-abc.js');
  expect(asset).toMatchObject({ text: 'code', headers: { 'cache-control': 'max-age=31536000, immutable' } });
  expect((await send('GET', '/assets/index-old.js')).status).toBe(404);
  for (const path of [
    '/../secret.txt',
    '/%2e%2e/secret.txt',
    '/..%2fsecret.txt',
    '/assets/..%5c..%5csecret.txt',
  ])
    expect((await send('GET', path)).text).not.toContain('secret');
});

describe('changes', () => {
  test('need the token', async () => {
    for (const given of ['', 'x', `${token.slice(1)}x`, `${token}x`]) {
      const answer = await post('/api/control', { action: 'stop' }, { 'x-drumline-token': given });
      expect([answer.status, errorOf(answer).code]).toEqual([403, 'no_token']);
    }
    expect((await post('/api/control', { action: 'stop' })).status).toBe(200);
  });

  test('need --write', async () => {
    await dashboard.close();
    dashboard = await start(false);
    ({ port } = new URL(dashboard.address));
    expect(dashboard.address).not.toContain('token');
    expect(errorOf(await post('/api/control', { action: 'stop' })).code).toBe('read_only');
    expect(JSON.parse((await send('GET', '/api/about')).text)).toMatchObject({ writable: false });
  });

  test('must be JSON of a sensible size', async () => {
    const form = { 'content-type': 'application/x-www-form-urlencoded' };
    expect((await post('/api/control', {}, form)).status).toBe(415);
    const notJson = await send('POST', '/api/control', { ...JSON_TYPE, 'x-drumline-token': token }, '{');
    expect([notJson.status, errorOf(notJson).code]).toEqual([400, 'wrong_use']);
    const large = await post('/api/dead-letters/purge', { query: 'x'.repeat(200_000) });
    expect([large.status, errorOf(large).message]).toEqual([400, 'A change has 100 kB at most.']);
  });
});

describe('wrong input gets a sentence, and no stack trace', () => {
  test.each([
    ['GET', '/api/jobs/x', undefined, 400],
    ['GET', '/api/jobs/0', undefined, 400],
    ['GET', '/api/runs/x', undefined, 400],
    ['GET', '/api/runs?before=x', undefined, 400],
    ['GET', '/api/results', undefined, 400],
    ['GET', '/api/dead-letters?query=*&size=1000', undefined, 400],
    ['GET', '/api/logs?level=LOUD', undefined, 400],
    ['GET', '/api/nothing', undefined, 404],
    ['POST', '/api/nothing', {}, 404],
    ['POST', '/api/control', { action: 'destroy' }, 400],
    ['POST', '/api/verify', { runId: '../x' }, 400],
    ['POST', '/api/dead-letters/retry', { jobs: [] }, 400],
    ['POST', '/api/dead-letters/purge', { all: false }, 400],
  ])('%s %s %o', async (method, path, body, expected) => {
    const answer = method === 'GET' ? await send('GET', path) : await post(path, body);
    expect(answer.status, answer.text).toBe(expected);
    expect(errorOf(answer).message).not.toBe('');
    expect(answer.text).not.toMatch(/bug|\.ts:|node_modules/);
  });

  test('what the cloud answers keeps its words', async () => {
    cloud.outage = new CommandError('not_running', 'The local cloud is not running.', 'npx drumline up');
    const answer = await send('GET', '/api/results?query=*');
    expect(answer.status).toBe(502);
    expect(errorOf(answer)).toEqual({
      code: 'not_running',
      message: 'The local cloud is not running.',
      nextStep: 'Run: npx drumline up',
    });
  });
});

test('a long change answers with its progress, and then with its result', async () => {
  const { text, headers } = await post('/api/dead-letters/retry', { all: true });
  expect(headers['content-type']).toBe('application/x-ndjson');
  const parts = text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(parts.at(-1)).toMatchObject({ result: { sent: 3 } });
});

test('sends views while the page is open, and ends with the server', async () => {
  const answer = await fetch(`http://127.0.0.1:${port}/api/live?every=1`);
  let text = '';
  const events = () => [...text.matchAll(/^event: (\w+)\ndata: (.*)$/gm)];
  const views = () =>
    events().flatMap(([, name, data = '']) => (name === 'view' ? [JSON.parse(data) as View] : []));
  const reading = (async () => {
    for await (const part of answer.body?.pipeThrough(new TextDecoderStream()) ?? []) text += part;
  })().catch(() => {});
  await expect
    .poll(() => views().filter(({ status }) => status).length, { timeout: 10_000 })
    .toBeGreaterThan(1);
  expect(events().map(([, name]) => name)).toContain('batches');
  expect(views().at(-1)).toMatchObject({ polling: { intervalSeconds: 1, viewers: 1 } });
  await dashboard.close();
  await reading;
});

test('a second server on the same port says so', async () => {
  await expect(start(true, Number(port))).rejects.toMatchObject({ code: 'port_in_use' });
});
