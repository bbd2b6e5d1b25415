import { buildPage } from '../../dashboard/server/build-page.ts';

/** Builds the page once for all test files. */
export default async function setup(): Promise<void> {
  // Vitest sets the variable to `test`, and then Vite would not build for production.
  const { NODE_ENV } = process.env;
  delete process.env.NODE_ENV;
  await buildPage();
  process.env.NODE_ENV = NODE_ENV;
}
