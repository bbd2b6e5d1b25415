import { beforeEach, describe, expect, test, vi } from 'vitest';
import { synthesizeAnew } from './synthesis.ts';
import { ELASTIC_CLOUD, LOCAL, OWN_IN_VPC } from './targets.ts';

beforeEach(() => {
  vi.stubEnv('AWS_ENDPOINT_URL', undefined);
  return () => vi.unstubAllEnvs();
});

/** The template without what changes with every edit of the functions' code. */
function masked(context: Record<string, unknown>): unknown {
  const json = JSON.stringify(synthesizeAnew(context).toJSON());
  return JSON.parse(json.replaceAll(/[0-9a-f]{64}\.zip/g, '<code>.zip'));
}

describe('a change of the template shows in review', () => {
  test.each([
    ['the default settings', {}],
    ['another stage', { stage: 'demo' }],
    [
      'every setting changed',
      {
        ...{
          concurrency: '8',
          batchSize: '100',
          jobsPerMessage: '50',
          jobConcurrency: '20',
          maxAttempts: '3',
        },
        ...{ consumerTimeoutSeconds: '30', consumerMemoryMb: '1024', visibilityTimeoutSeconds: '120' },
        ...{ retryBaseSeconds: '2', retryCapSeconds: '300', workMs: '100' },
        ...{
          elasticsearchUrl: 'https://search.example:9243',
          elasticsearchApiKeySecret: 'search-key',
          index: 'other',
        },
        ...{ logLevel: 'DEBUG', logRetentionDays: '90', enforceSsl: 'false' },
      },
    ],
    ['the local cloud', LOCAL],
    ['AWS and Elastic Cloud', ELASTIC_CLOUD],
    ['AWS and an Elasticsearch of one’s own in a VPC', OWN_IN_VPC],
  ])('with %s', (_what, context) => {
    if (context === LOCAL) vi.stubEnv('AWS_ENDPOINT_URL', 'http://127.0.0.1:4566');
    expect(masked(context)).toMatchSnapshot();
  });

  test('the same settings make the same template', () => {
    expect(masked({})).toEqual(masked({}));
  });
});
