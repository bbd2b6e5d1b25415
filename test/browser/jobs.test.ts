import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect } from 'vitest';
import { accessibilityProblems, testInBrowser } from './browser.ts';
import { type InventedDashboard, startInventedDashboard } from './invented-dashboard.ts';

let dashboard: InventedDashboard;
beforeAll(async () => {
  dashboard = await startInventedDashboard({ deadLetters: 120 });
});
afterAll(() => dashboard?.close());

/** Opens the dashboard with its token, and then a view. */
async function view(open: (address: string) => Promise<Page>, path: string): Promise<Page> {
  const page = await open(dashboard.address);
  await page.locator('main h1').first().waitFor();
  await page.goto(new URL(path, dashboard.address).href);
  await page.locator('main h1').first().waitFor();
  return page;
}

testInBrowser('a search is in the address, and Back returns to the search before', async (open) => {
  const page = await view(open, '/jobs');
  await page.getByRole('searchbox').fill('output.label:churn');
  await page.keyboard.press('Enter');
  await page.waitForURL('**/jobs?q=output.label%3Achurn');
  await page.getByText(/^\d+ documents$/).waitFor();
  await page.getByRole('link', { name: 'Next page' }).click();
  await page.waitForURL('**&after=*');
  await page.goBack();
  await page.goBack();
  await page.waitForURL('**/jobs');
  // The field follows the address with the next drawing.
  await expect.poll(() => page.getByRole('searchbox').inputValue()).toBe('');
  await page.getByRole('searchbox').fill('4711');
  await page.getByRole('link', { name: 'Open job 4711' }).click();
  await page.getByRole('heading', { name: 'Job 4711' }).waitFor();
});

testInBrowser('the dead letters that match are counted, confirmed, retried and read again', async (open) => {
  const page = await view(open, '/jobs?in=dead-letters&q=reason%3Atimeout');
  const before = dashboard.cloud.jobs.dead;
  const retry = page.getByRole('button', { name: 'Retry all 40 matching' });
  await retry.click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText('40 dead letters are sent to the jobs queue again.').waitFor();
  expect(await accessibilityProblems(page)).toEqual([]);
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });
  expect(await page.evaluate('document.activeElement.textContent')).toBe('Retry all 40 matching');
  expect(dashboard.cloud.jobs.dead).toBe(before);
  await retry.click();
  await dialog.getByRole('button', { name: 'Retry' }).click();
  await dialog.getByText('40 dead letters sent again.').waitFor();
  await page.keyboard.press('Enter');
  await page.getByText('No dead letter matches.').waitFor();
  expect(dashboard.cloud.jobs.dead).toBe(before - 40);
});

testInBrowser('a dead letter is purged by search, and found no more', async (open) => {
  const page = await view(open, '/jobs?in=dead-letters&q=item.id%3A"c-194"');
  await page.getByRole('button', { name: 'Purge the matching one' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Purge' }).click();
  await page.getByText('1 dead letter deleted.').waitFor();
  await page.getByRole('button', { name: 'Close' }).click();
  await page.getByText('No dead letter matches.').waitFor();
});

testInBrowser(
  'a dead job is retried from its story, which follows it until it is processed',
  async (open) => {
    const page = await view(open, '/jobs/97');
    await page.getByRole('button', { name: 'Retry' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Retry' }).click();
    await page.getByText('1 dead letter sent again.').waitFor();
    await page.getByRole('button', { name: 'Close' }).click();
    await page.locator('.badge.good', { hasText: 'processed' }).waitFor();
    expect(await accessibilityProblems(page)).toEqual([]);
  },
);
