import axe from 'axe-core';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, expect, test } from 'vitest';
import { findChromium } from './chromium.ts';

/** A new browser, quiet and with a profile of its own, which `close` deletes. */
export function launchChromium(executablePath: string): Promise<Browser> {
  return chromium.launch({
    executablePath,
    args: [
      // Containers often allow no sandbox. The browser opens only the dashboard.
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}

export interface Opening {
  /** Of the window, in pixels; 1280 × 900 by default. */
  width?: number;
  height?: number;
  theme?: 'light' | 'dark';
  reducedMotion?: boolean;
  /** Messages on the console that the test expects, such as the browser's own about an answer of the status 400. */
  expectedErrors?: RegExp;
}

/** Opens an address in a window of its own, which closes with the test. */
export type Open = (address: string, opening?: Opening) => Promise<Page>;

const executable = findChromium();
let browser: Promise<Browser> | undefined;
afterAll(async () => (await browser)?.close());

/**
 * A test with a real browser. An error on the console, or one that the page does not catch, fails the test. Without
 * a browser, the test is skipped, and its name says why.
 */
export function testInBrowser(name: string, run: (open: Open) => Promise<void>, timeoutMs = 60_000): void {
  if (executable === undefined) {
    test.skip(`${name} (no Chromium found: set DRUMLINE_CHROMIUM)`);
    return;
  }
  test(
    name,
    async () => {
      browser ??= launchChromium(executable);
      const { newContext, errors, close } = windowsOf(await browser);
      try {
        await run(newContext);
        expect(errors, 'errors in the browser').toEqual([]);
      } finally {
        await close();
      }
    },
    timeoutMs,
  );
}

function windowsOf(browser: Browser) {
  const errors: string[] = [];
  const closings: (() => Promise<void>)[] = [];
  const newContext: Open = async (
    address,
    { width = 1_280, height = 900, theme = 'light', reducedMotion = false, expectedErrors } = {},
  ) => {
    const context = await browser.newContext({
      viewport: { width, height },
      colorScheme: theme,
      reducedMotion: reducedMotion ? 'reduce' : 'no-preference',
    });
    closings.push(() => context.close());
    const page = await context.newPage();
    const add = (error: string) => {
      if (!expectedErrors?.test(error)) errors.push(error);
    };
    page.on('pageerror', (error) => add(error.stack ?? String(error)));
    page.on('console', (message) => {
      if (message.type() === 'error') add(`${message.text()} (${message.location().url})`);
    });
    await page.goto(address);
    return page;
  };
  const close = async () => void (await Promise.all(closings.map((each) => each())));
  return { newContext, errors, close };
}

/**
 * What axe-core finds on a page: the rules that it violates, each with its elements. The protocol of the developer tools
 * evaluates axe-core, so that the content security policy stays as it is.
 */
export async function accessibilityProblems(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate<axe.AxeResults>(
    'axe.run(document, { resultTypes: ["violations"] })',
  );
  return violations.map(
    ({ id, help, nodes }) =>
      `${id}: ${help}: ${nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`).join('; ')}`,
  );
}

/** How many pixels of a page are beyond the right edge of its window. */
export function hiddenWidth(page: Page): Promise<number> {
  return page.evaluate<number>('document.documentElement.scrollWidth - document.documentElement.clientWidth');
}
