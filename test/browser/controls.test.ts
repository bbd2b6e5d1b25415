import type { Page } from 'playwright-core';
import { afterEach, expect } from 'vitest';
import { accessibilityProblems, testInBrowser } from './browser.ts';
import { type InventedDashboard, startInventedDashboard } from './invented-dashboard.ts';

let dashboard: InventedDashboard | undefined;
afterEach(() => dashboard?.close());

/** Opens a form of the controls. */
async function openForm(page: Page, name: string) {
  await page.getByRole('button', { name, exact: true }).click();
  const form = page.locator('form.panel');
  await form.waitFor();
  return form;
}

testInBrowser('a run is changed, refused a second start, replaced and stopped', async (open) => {
  dashboard = await startInventedDashboard();
  const page = await open(dashboard.address, { expectedErrors: /502/ });
  const controls = page.getByRole('region', { name: 'Controls' });

  const change = await openForm(page, 'Change');
  await change.getByLabel('Jobs per tick (X)').fill('30000');
  await change.getByText('From the next tick on: 30,000 jobs every 2 minutes').waitFor();
  await page.keyboard.press('Enter');
  await controls.getByText('has 30,000 jobs every 2 minutes.').waitFor();
  expect(dashboard.cloud.invention.x).toBe(30_000);

  const start = await openForm(page, 'Start');
  await start.getByLabel('Minutes between ticks (Y)').fill('7');
  await start.getByText('30,000 jobs every 7 minutes, the first tick now').waitFor();
  await start.getByRole('button', { name: 'Start', exact: true }).click();
  await start.getByRole('alert').getByText('The run 20261125-120000-demo is active.').waitFor();
  expect(await accessibilityProblems(page)).toEqual([]);
  await start.getByRole('button', { name: 'Replace the active run' }).click();
  await controls.getByText('The run 20261125-120000-demo is stopped. The run').waitFor();
  await start.waitFor({ state: 'detached' });

  const stop = await openForm(page, 'Stop');
  await stop.getByText('Enqueued jobs are still processed.').waitFor();
  await stop.getByRole('button', { name: 'Stop the run' }).click();
  await controls.getByText('is stopped. Enqueued jobs are still processed.').waitFor();
  // The buttons that need an active run follow the next poll.
  await page.locator('.control-buttons button:disabled', { hasText: 'Change' }).waitFor();
});

testInBrowser(
  'the workers are scaled, and a form that is closed with Esc gives the focus back',
  async (open) => {
    dashboard = await startInventedDashboard();
    const page = await open(dashboard.address);
    const scale = await openForm(page, 'Scale');
    await scale.getByRole('button', { name: 'One more: workers' }).click();
    await scale.getByRole('button', { name: 'One more: workers' }).click();
    await scale.getByRole('button', { name: 'Scale', exact: true }).click();
    await page.getByText('4 → 6 workers.', { exact: true }).waitFor();
    await scale.getByLabel('Workers', { exact: true }).last().focus();
    await page.keyboard.press('Escape');
    await scale.waitFor({ state: 'detached' });
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Scale');

    const verify = await openForm(page, 'Verify');
    await verify.getByText('Every enqueued job is counted once.').waitFor();
  },
);

testInBrowser('a read-only page changes nothing, and says how it would', async (open) => {
  dashboard = await startInventedDashboard({}, { writable: false });
  const page = await open(dashboard.address);
  await page.getByText('Read-only. Open the dashboard with --write').waitFor();
  const enabled = page.locator('.control-buttons button:enabled');
  expect(await enabled.count()).toBe(0);
  await page.goto(new URL('/runs/20261125-120000-demo', dashboard.address).href);
  await page.locator('button:disabled', { hasText: 'Verify' }).waitFor();
});
