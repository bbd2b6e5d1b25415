import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect } from 'vitest';
import { accessibilityProblems, hiddenWidth, testInBrowser } from './browser.ts';
import { type InventedDashboard, startInventedDashboard } from './invented-dashboard.ts';

// axe-core takes minutes for a thousand log lines. These are some of each level.
const VIEWS = [
  '/',
  '/jobs',
  '/jobs/1',
  '/runs',
  '/runs/20261125-120000-demo',
  '/logs?worker=worker-0001&text=tick%3D15',
];

let dashboard: InventedDashboard;
beforeAll(async () => {
  dashboard = await startInventedDashboard();
});
afterAll(() => dashboard?.close());

/** Waits until a view has its data. */
async function loaded(page: Page): Promise<void> {
  await page.locator('main h1').first().waitFor();
  await page.locator('main .loading').waitFor({ state: 'detached' });
}

testInBrowser('the page opens, and keeps its token out of the address', async (open) => {
  const page = await open(dashboard.address);
  await loaded(page);
  expect(page.url()).not.toContain('token');
  expect(dashboard.address).toContain(await page.evaluate("localStorage.getItem('drumline-token')"));
});

for (const view of VIEWS)
  testInBrowser(`${view} is accessible in both themes and fits a phone`, async (open) => {
    const page = await open(new URL(view, dashboard.address).href);
    await loaded(page);
    expect(await accessibilityProblems(page), 'light').toEqual([]);
    await page.emulateMedia({ colorScheme: 'dark' });
    expect(await accessibilityProblems(page), 'dark').toEqual([]);
    await page.setViewportSize({ width: 390, height: 844 });
    expect(await accessibilityProblems(page), 'at phone width').toEqual([]);
    expect(await hiddenWidth(page), 'pixels beyond the right edge').toBeLessThanOrEqual(0);
  });

testInBrowser('1,000 workers have a lane each, in a box of a fixed height', async (open) => {
  const many = await startInventedDashboard({ workers: 1_000, x: 10_000_000 });
  try {
    const page = await open(many.address);
    await page.getByText('1,000 of 1,000 workers busy').waitFor();
    const box = page.locator('.lanes-box');
    const heights = await box.evaluate(({ clientHeight, scrollHeight }) => ({ clientHeight, scrollHeight }));
    expect(heights).toEqual({ clientHeight: 360, scrollHeight: 3_000 });
    expect(await accessibilityProblems(page)).toEqual([]);
    await page.getByRole('button', { name: 'Show as a table' }).click();
    await page.getByText('And 950 others.').waitFor();
  } finally {
    await many.close();
  }
});
