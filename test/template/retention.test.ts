import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CfnQueue } from 'aws-cdk-lib/aws-sqs';
import { afterAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { build as buildIn } from './synthesis.ts';

const outdir = mkdtempSync(join(tmpdir(), 'drumline-retention-'));
afterAll(() => rmSync(outdir, { recursive: true, force: true }));
const build = (context: Record<string, unknown> = {}) => buildIn(mkdtempSync(join(outdir, 'app-')), context);

beforeEach(() => {
  // The environment of the tests must not affect the templates.
  vi.stubEnv('AWS_ENDPOINT_URL', undefined);
  return () => vi.unstubAllEnvs();
});

describe("a ledger TTL shorter than the queues' retention", () => {
  /** The template after a change of the stack. */
  function changed(change: (queues: Record<'Jobs' | 'DeadLetters', CfnQueue>) => void): () => unknown {
    const { app, drumline } = build();
    const { jobs, deadLetters } = drumline.queues;
    change({
      Jobs: jobs.node.defaultChild as CfnQueue,
      DeadLetters: deadLetters.node.defaultChild as CfnQueue,
    });
    return () => app.synth();
  }

  test('is refused when the app is synthesized', () => {
    expect(
      changed(({ DeadLetters }) => {
        DeadLetters.messageRetentionPeriod = 16 * 86_400;
      }),
    ).toThrow(
      'the ledger keeps the record of a message for 43 days, but the queues can deliver the message for 44 days: raise LEDGER_TTL_DAYS',
    );
    expect(
      changed(({ Jobs }) => {
        Jobs.messageRetentionPeriod = 14.5 * 86_400;
      }),
    ).toThrow('the ledger keeps the record');
  });

  test('does not occur with the retention of the settings', () => {
    expect(changed(() => undefined)).not.toThrow();
    // SQS's default is four days.
    expect(
      changed(({ Jobs, DeadLetters }) => {
        Jobs.messageRetentionPeriod = undefined;
        DeadLetters.messageRetentionPeriod = undefined;
      }),
    ).not.toThrow();
  });
});
