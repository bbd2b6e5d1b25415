import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect } from 'vitest';
import { PROJECT } from '../../infra-cdk/settings/settings.ts';
import { accessibilityProblems, testInBrowser } from '../browser/browser.ts';
import { runDashboard } from './dashboard-process.ts';
import { FAILS_EVERY } from './jobs/moody.ts';
import { deployDefaults, deployed, deployOwnSettings, drained, run, status, stop, verify } from './system.ts';

const JOBS = 8_000;
const FAILING = JOBS / FAILS_EVERY;
const FOLDER = join(PROJECT, 'docs', 'images');

/** Takes a picture for the docs if asked to: DRUMLINE_SCREENSHOTS=1. */
async function picture(page: Page, name: string): Promise<void> {
  if (!process.env.DRUMLINE_SCREENSHOTS) return;
  mkdirSync(FOLDER, { recursive: true });
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    await page.screenshot({ path: join(FOLDER, `${name}-${colorScheme}.png`) });
  }
  await page.emulateMedia({ colorScheme: 'light' });
}

beforeAll(async () => {
  await run('dead-letters', 'purge', '--yes');
  await deployOwnSettings();
  await run('scale', '2');
});
afterAll(deployDefaults);

testInBrowser(
  'a run is started, watched, scaled, compared and refused, and a failed job is found and retried',
  async (open) => {
    const page = await open(await runDashboard(), { height: 1_000, expectedErrors: /502|400/ });
    const button = (name: string) => page.getByRole('button', { name, exact: true });
    const form = page.locator('form.panel');

    await button('Start').click();
    await form.getByLabel('Jobs per tick (X)').fill(String(JOBS));
    await form.getByLabel('Minutes between ticks (Y)').fill('1440');
    await form.getByRole('button', { name: 'Start', exact: true }).click();
    await form.waitFor({ state: 'detached' });
    const workers = page.getByRole('row', { name: /worker-/ });
    await expect.poll(() => workers.count(), { timeout: 60_000 }).toBe(2);

    await button('Scale').click();
    await form.getByLabel('Workers', { exact: true }).last().fill('4');
    await form.getByRole('button', { name: 'Scale', exact: true }).click();
    await expect.poll(async () => (await status()).concurrency, { timeout: 60_000 }).toBe(4);
    await page.keyboard.press('Escape');
    await expect.poll(() => workers.count(), { timeout: 60_000 }).toBe(4);
    await page.waitForTimeout(process.env.DRUMLINE_SCREENSHOTS ? 8_000 : 0);
    await picture(page, 'dashboard');

    const { processed, failed, enqueued } = await drained(JOBS);
    expect([enqueued, processed, failed]).toEqual([JOBS, JOBS - FAILING, FAILING]);
    const tiles = page.getByRole('region', { name: 'Jobs of the run' });
    await tiles.getByText('All done').waitFor();
    const shown = await tiles.innerText();
    for (const [name, value] of Object.entries({ Enqueued: enqueued, Processed: processed, Failed: failed }))
      expect(shown).toMatch(new RegExp(`${name}\\s+${value.toLocaleString('en-US')}\\s`));

    await button('Start').click();
    await form.getByRole('button', { name: 'Start', exact: true }).click();
    await form.getByRole('alert').getByText('is active.').waitFor();
    await page.keyboard.press('Escape');
    expect(await accessibilityProblems(page)).toEqual([]);

    await stop();
    await deployed({ jobFile: 'test/e2e/jobs/mended.ts' });
    await page
      .getByRole('link', { name: /^Dead letters/ })
      .first()
      .click();
    await page.getByRole('searchbox').fill('reason:address');
    await page.keyboard.press('Enter');
    await page.getByText(`${FAILING} dead letters`).first().waitFor();
    await picture(page, 'dead-letters');
    await page.getByRole('button', { name: `Retry all ${FAILING}` }).click();
    await page
      .getByRole('dialog')
      .getByRole('button', { name: /^Retry/ })
      .click();
    await page.getByText(`${FAILING} dead letters sent again.`).waitFor();
    await page.getByRole('button', { name: 'Close' }).click();
    await drained(JOBS);
    await expect.poll(async () => (await status()).failed).toBe(0);
    expect(await verify()).toMatchObject({ ok: true, processed: JOBS, failed: 0, documents: JOBS });
  },
  240_000,
);
