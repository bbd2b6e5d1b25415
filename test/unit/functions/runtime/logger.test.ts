import { afterEach, expect, test, vi } from 'vitest';

// Files of the same worker share the imported modules, so the next file must not get this file's logger.
afterEach(() => {
  vi.unstubAllEnvs();
  vi.resetModules();
});

test('POWERTOOLS_LOG_LEVEL decides, whatever the level of Lambda’s own filter is', async () => {
  vi.stubEnv('AWS_LAMBDA_LOG_LEVEL', 'TRACE');
  vi.stubEnv('POWERTOOLS_LOG_LEVEL', 'WARN');
  vi.resetModules();
  const { log } = await import('../../../../functions/runtime/logger.ts');
  expect(log.getLevelName()).toBe('WARN');
});
