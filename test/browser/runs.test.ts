import { afterAll, beforeAll, expect } from 'vitest';
import { LONG_RUN } from '../fixtures/invented-runs.ts';
import { testInBrowser } from './browser.ts';
import { type InventedDashboard, startInventedDashboard } from './invented-dashboard.ts';

let dashboard: InventedDashboard;
beforeAll(async () => {
  dashboard = await startInventedDashboard();
});
afterAll(() => dashboard?.close());
const at = (path: string) => new URL(path, dashboard.address).href;

testInBrowser('past runs are read page by page, and lead to their ticks', async (open) => {
  const page = await open(at('/runs'));
  const rows = page.locator('main tbody tr');
  await rows.first().getByText('running').waitFor();
  expect(await rows.count()).toBe(25);
  await page.getByRole('link', { name: 'Older runs' }).click();
  await page.getByRole('link', { name: LONG_RUN }).waitFor({ state: 'detached' });
  await page.getByRole('link', { name: 'Newest runs' }).click();
  await page.getByRole('link', { name: LONG_RUN }).click();
  await page.getByRole('heading', { name: `Run ${LONG_RUN}` }).waitFor();

  const ticks = page.locator('section', { has: page.getByRole('heading', { name: 'Ticks' }) }).last();
  await ticks.getByText('43,000', { exact: true }).waitFor();
  // A month of ticks is not loaded at once.
  expect(await ticks.locator('tbody tr').count()).toBeLessThan(60);
  await ticks.getByRole('link', { name: 'Older ticks' }).click();
  await ticks.getByRole('link', { name: 'Newest ticks' }).waitFor();
  await ticks.getByText('before tick').waitFor();
  await page.goto(at(`/runs/${LONG_RUN}?before=42000`));
  await ticks.locator('tr', { hasText: '42,990–42,999' }).waitFor({ state: 'detached' });
  await ticks.locator('tr', { hasText: '41,990–41,999' }).getByText('missed').waitFor();
  const first = ticks.locator('a[href^="/jobs/"]').first();
  expect(await first.getAttribute('href')).toBe('/jobs/41988001');
});

testInBrowser('an unknown run, and an ID that is none, are explained', async (open) => {
  const page = await open(at('/runs/20200101-000000-none'), { expectedErrors: /400|502/ });
  await page.getByRole('alert').getByText('There is no run 20200101-000000-none.').waitFor();
  await page.goto(at('/runs/foo'));
  await page.getByRole('alert').getByText('foo is not the ID of a run.').waitFor();
});
