import { afterAll, beforeAll, expect } from 'vitest';
import { accessibilityProblems, testInBrowser } from './browser.ts';
import { type InventedDashboard, startInventedDashboard } from './invented-dashboard.ts';

let dashboard: InventedDashboard;
beforeAll(async () => {
  dashboard = await startInventedDashboard({ batchMs: 1_000 });
});
afterAll(() => dashboard?.close());

const at = (path: string) => new URL(path, dashboard.address).href;

testInBrowser('logs are filtered, and the address says how', async (open) => {
  const page = await open(at('/logs'));
  const lines = page.locator('.log-line');
  await lines.first().waitFor();
  await page.getByLabel('Level').selectOption('ERROR');
  await page.waitForURL('**/logs?level=ERROR');
  await page.locator('.log-line.quiet').first().waitFor({ state: 'detached' });
  expect(await lines.first().textContent()).toContain('the model has refused');

  const text = page.getByLabel('Text');
  await text.pressSequentially('JOBid=');
  await page.waitForURL('**/logs?level=ERROR&text=JOBid%3D');
  expect(await text.evaluate((input) => input === input.ownerDocument.activeElement)).toBe(true);
  await lines.first().waitFor();
  await text.fill('nothing has this');
  await page.getByText('No line matches.').waitFor();
  expect(await accessibilityProblems(page)).toEqual([]);

  const other = await open(at('/logs?worker=worker-0002&level=WARN'));
  await other.locator('.log-line').first().waitFor();
  expect(await other.getByLabel('Worker').inputValue()).toBe('worker-0002');
  expect(await other.getByLabel('Level').inputValue()).toBe('WARN');
  expect(new Set(await other.locator('.log-line a.worker').allTextContents())).toEqual(
    new Set(['worker-0002']),
  );
});

testInBrowser('a line opens, which holds new lines until somebody wants them', async (open) => {
  const page = await open(at('/logs'));
  const list = page.getByLabel('Log lines', { exact: true });
  const lines = page.locator('.log-line');
  await lines.first().waitFor();
  const fromEnd = () => list.evaluate((box) => box.scrollHeight - box.clientHeight - box.scrollTop);
  await expect.poll(fromEnd).toBeLessThan(40);

  await lines.last().getByRole('button').click();
  await page.getByRole('region', { name: 'Log line', exact: true }).waitFor();
  const before = await lines.count();
  const newLines = page.getByRole('button', { name: /new lines? ↓/ });
  await newLines.waitFor();
  expect(await lines.count()).toBe(before);
  await newLines.click();
  await newLines.waitFor({ state: 'detached' });
  expect(await lines.count()).toBeGreaterThan(before);
  await expect.poll(fromEnd).toBeLessThan(40);

  await list.hover();
  await page.mouse.wheel(0, -2_000);
  await newLines.waitFor();
  await page.mouse.wheel(0, 100_000);
  await newLines.waitFor({ state: 'detached' });
});

testInBrowser('a paused page reads no logs, and goes on without a gap', async (open) => {
  const page = await open(at('/logs?function=consumer&worker=worker-0001&text=batch'));
  const lines = page.locator('.log-line');
  await lines.first().waitFor();
  await page.getByRole('button', { name: 'Pause' }).click();
  await page.getByText('Paused. New lines come').waitFor();
  const before = await lines.count();
  const { logs } = dashboard.cloud.calls;
  // Longer than the pause between two readings.
  await page.waitForTimeout(3_000);
  expect(dashboard.cloud.calls.logs - logs).toBeLessThanOrEqual(1);
  expect(await lines.count()).toBe(before);
  await page.getByRole('button', { name: 'Resume' }).click();
  await expect.poll(() => lines.count(), { timeout: 20_000 }).toBeGreaterThan(before);
  const jobs = await page.locator('.log-line .field:has-text("firstJob=") a').allTextContents();
  const steps = jobs.slice(1).map((job, index) => Number(job) - Number(jobs[index]));
  expect(new Set(steps).size, 'distances of a worker’s batches').toBe(1);
});

testInBrowser('jobs, runs and workers in lines are links', async (open) => {
  const page = await open(at('/logs?text=batch'));
  const line = page.locator('.log-line').last();
  await line.waitFor();
  await page.getByRole('button', { name: 'Follow', exact: true }).click();
  expect(await line.getByRole('link', { name: '20261125-120000-demo' }).getAttribute('href')).toMatch(
    /^\/runs\//,
  );
  await line.locator('a.worker').click();
  await page.waitForURL('**/logs?worker=worker-000*');
  await page.locator('.log-line .field a').first().click();
  await page.waitForURL(/\/(runs|jobs)\//);
});
