import { afterEach, expect } from 'vitest';
import { CommandError } from '../../cli/terminal/errors.ts';
import { testInBrowser } from './browser.ts';
import { type InventedDashboard, startInventedDashboard } from './invented-dashboard.ts';

let dashboard: InventedDashboard | undefined;
afterEach(() => dashboard?.close());

testInBrowser('a cloud that goes away is named, the old numbers stay, and it comes back', async (open) => {
  dashboard = await startInventedDashboard({ deadLetters: 0 });
  const { cloud, address } = dashboard;
  const page = await open(address);
  await page.getByRole('heading', { name: /^All is well/ }).waitFor();
  const enqueued = page.getByRole('region', { name: 'Jobs of the run' }).getByText('320,000');
  await enqueued.waitFor();

  cloud.outage = new CommandError('not_running', 'The local cloud is not running.', 'npx drumline up');
  await page.getByRole('heading', { name: 'The local cloud is not running.' }).waitFor();
  await page.getByText('npx drumline up').first().waitFor();
  expect(await enqueued.isVisible()).toBe(true);

  cloud.outage = undefined;
  await page.getByRole('heading', { name: /^All is well/ }).waitFor();
});

testInBrowser('the server that is gone is named, and so is what starts it again', async (open) => {
  dashboard = await startInventedDashboard();
  const page = await open(dashboard.address, { expectedErrors: /ERR_CONNECTION_REFUSED|ERR_INCOMPLETE/ });
  await page.getByText('Live', { exact: true }).waitFor();
  await dashboard.close();
  await page
    .getByText(/dashboard’s server does not answer/)
    .first()
    .waitFor();
});
