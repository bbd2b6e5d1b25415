import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Validations } from 'aws-cdk-lib';
import { CfnQueue } from 'aws-cdk-lib/aws-sqs';
import { AwsSolutionsChecks } from 'cdk-nag';
import type { IConstruct } from 'constructs';
import { afterAll, beforeEach, expect, test, vi } from 'vitest';
import { build } from './synthesis.ts';
import { ELASTIC_CLOUD, LOCAL, OWN_IN_VPC } from './targets.ts';

const scratch = mkdtempSync(join(tmpdir(), 'drumline-nag-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
beforeEach(() => {
  vi.stubEnv('AWS_ENDPOINT_URL', undefined);
  return () => vi.unstubAllEnvs();
});

/** The findings of AWS's own rules (cdk-nag's AwsSolutions) in a stack, one line per resource. */
function findings(stack: IConstruct): string[] {
  return new AwsSolutionsChecks()
    .validateScope(stack)
    .violations.flatMap(({ ruleName, violatingResources }) =>
      violatingResources.map(({ constructPath }) => `${ruleName} ${constructPath}`),
    );
}

/** Suppressed rules by construct, with the reasons. */
function acknowledged(stack: IConstruct): string[] {
  return stack.node.findAll().flatMap(({ node }) =>
    node.metadata
      .filter(({ type }) => type === Validations.ACKNOWLEDGED_RULES_METADATA_KEY)
      .flatMap(({ data }) => Object.entries(data as Record<string, string>))
      .filter(([rule]) => rule.includes('AwsSolutions-'))
      .map(([rule, reason]) => {
        expect(reason.length).toBeGreaterThan(30);
        return `${node.path.replace(/^Drumline\/Default\//, '')} ${rule.replace('Annotation::', '')}`;
      }),
  );
}

const ALWAYS = [
  // The rule recognizes only dead-letter queues of queues, not those of EventBridge rules and functions.
  'Queues/AbandonedEvents AwsSolutions-SQS3',
  'Items/Bucket AwsSolutions-S1',
  ...['Reader', 'Consumer', 'Status'].flatMap((name) =>
    ['once', 'shared'].map(
      (prefix) => `${name} AwsSolutions-IAM5[Resource::<ItemsBucket2706F8F5.Arn>/${prefix}/*]`,
    ),
  ),
];
const PLAIN_HTTP = ['Queues AwsSolutions-SQS4', 'Items/Bucket AwsSolutions-S10'];
const CONNECTING = ['Reader', 'Consumer', 'Status', 'Control', 'Verify'].map(
  (name) => `${name} AwsSolutions-IAM5[Resource::*]`,
);

/** With the settings `alarmEmail` and `tracing`. */
const OBSERVED = [
  'Alarms/Topic AwsSolutions-SNS2',
  ...['Scheduler', 'Autoscaler', 'Reader', 'Consumer', 'Status', 'Control', 'Verify'].map(
    (name) => `${name} AwsSolutions-IAM5[Resource::*]`,
  ),
];

/** All suppressed rules. Add a rule only with its reason, at the construct. */
test.each([
  ['the local cloud', LOCAL, [...ALWAYS, ...PLAIN_HTTP]],
  ['AWS and Elastic Cloud', ELASTIC_CLOUD, [...ALWAYS, ...OBSERVED]],
  ['AWS and an Elasticsearch of one’s own in a VPC', OWN_IN_VPC, [...ALWAYS, ...CONNECTING]],
])('AWS’s rules find nothing that was not thought of, for %s', (_what, context, reasons) => {
  if (context === LOCAL) vi.stubEnv('AWS_ENDPOINT_URL', 'http://127.0.0.1:4566');
  const { app, stack } = build(mkdtempSync(join(scratch, 'app-')), context);
  app.synth();
  expect(findings(stack)).toEqual([]);
  expect(acknowledged(stack).sort()).toEqual([...reasons].sort());
});

test('cdk-nag has no open finding', () => {
  const { app, stack } = build(mkdtempSync(join(scratch, 'app-')));
  new CfnQueue(stack, 'Careless', {});
  app.synth();
  expect(findings(stack)).toEqual([
    'AwsSolutions-SQS3 Drumline/Careless',
    'AwsSolutions-SQS4 Drumline/Careless',
  ]);
});
