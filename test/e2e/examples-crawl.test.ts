import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, onTestFinished } from 'vitest';
import type { DeadLetter } from '../../functions/core/queue/dead-letter.ts';
import { PROJECT } from '../../infra-cdk/settings/settings.ts';
import { documentsOf, drained, run, runJson, start, stop, target, variableOf, verify } from './system.ts';
import { testIf } from './test-if.ts';

const test = testIf(target.name === 'local', 'its seed is a server on this machine');

const PAGES = 500;

test('each page of a site that fails is crawled once, or is a dead letter that says why', async () => {
  const site = await variableOf('consumer', 'SITE');
  const server = spawn(process.execPath, ['--import', 'tsx', 'examples/crawl/site.ts', new URL(site).port], {
    cwd: PROJECT,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void server.kill());
  await once(server.stdout, 'data');
  await run('dead-letters', 'purge', '--yes');

  const { runId } = await start();
  await drained(PAGES, 280);
  await stop();
  const letters = await runJson<(DeadLetter & { item: { url: string } })[]>('dead-letters', 'list');
  const documents = await documentsOf(runId);
  const urls = [...letters, ...documents].map(({ item }) => (item as { url: string }).url);
  expect(urls.sort()).toEqual(Array.from({ length: PAGES }, (_, page) => `${site}/page/${page}`).sort());

  const missing = letters.filter(({ item }) => Number(item.url.split('/').at(-1)) % 50 === 0);
  expect(missing).toHaveLength(10);
  for (const { item, reason, attempts } of letters) {
    const isUnlucky = attempts === 5 && reason === `${item.url} answers 503`;
    const isMissing = reason === `PermanentError: ${item.url} does not exist`;
    expect([item.url, reason, isUnlucky || isMissing]).toEqual([item.url, reason, true]);
  }
  for (const { item, output } of documents)
    expect(output).toMatchObject({ title: `Page ${(item as { url: string }).url.split('/').at(-1)}` });
  expect(await verify()).toMatchObject({ ok: true, documents: documents.length, duplicates: 0 });
});
