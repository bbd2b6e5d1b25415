import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { afterAll, beforeEach, expect, test, vi } from 'vitest';
import { Drumline } from '../../infra-cdk/drumline.ts';
import { FUNCTIONS, NO_BUNDLING, only, readable, synthesize, variables } from './synthesis.ts';

const outdir = mkdtempSync(join(tmpdir(), 'drumline-construct-'));
afterAll(() => rmSync(outdir, { recursive: true, force: true }));
beforeEach(() => {
  vi.stubEnv('AWS_ENDPOINT_URL', undefined);
  return () => vi.unstubAllEnvs();
});

/** Another app's stack: its context is its own, and names no setting. */
function otherStack(): Stack {
  const app = new App({
    outdir: mkdtempSync(join(outdir, 'app-')),
    context: { ...NO_BUNDLING, owner: 'me' },
  });
  return new Stack(app, 'Shop');
}

test('another app uses the construct with props only, beside its own resources', () => {
  const stack = otherStack();
  const role = new Role(stack, 'Role', { assumedBy: new ServicePrincipal('ec2.amazonaws.com') });
  const secret = new Secret(stack, 'Key');
  const drumline = new Drumline(stack, 'Reports', {
    stage: 'reports',
    concurrency: 8,
    elasticsearchUrl: 'https://search.example',
    elasticsearchApiKeySecret: secret.secretArn,
  });
  drumline.functions.control.grantInvoke(role);
  drumline.queues.deadLetters.grantConsumeMessages(role);
  drumline.addOutputs();
  const template = Template.fromStack(stack);

  const consumer = only(template, 'AWS::Lambda::Function', 'FunctionName', 'drumline-reports-consumer');
  expect(consumer.Properties.ReservedConcurrentExecutions).toBe(8);
  const { DRUMLINE_ELASTICSEARCH_API_KEY_SECRET: key } = variables(template, 'drumline-reports-consumer');
  expect(readable(key)).toBe('Key');
  const policies = Object.values(template.findResources('AWS::IAM::Policy'));
  const readers = policies.filter((policy) =>
    JSON.stringify(policy).includes('secretsmanager:GetSecretValue'),
  );
  for (const { Properties } of readers)
    expect(JSON.stringify(Properties.PolicyDocument)).toMatch(
      /GetSecretValue","Effect":"Allow","Resource":\{"Ref":"Key/,
    );
  expect(readers).toHaveLength(4);
  expect(Object.keys(drumline.functions)).toEqual(FUNCTIONS);
  // The command finds the outputs by the same names as in this project's stack.
  const outputs = (of: Template) => Object.keys(of.toJSON().Outputs as object);
  expect(outputs(template)).toEqual(outputs(synthesize()));
  template.resourceCountIs('AWS::Lambda::Function', FUNCTIONS.length);
});

test('two deployments fit in one stack', () => {
  const stack = otherStack();
  new Drumline(stack, 'First', { stage: 'first' });
  new Drumline(stack, 'Second', { stage: 'second' });
  Template.fromStack(stack).resourceCountIs('AWS::DynamoDB::Table', 2);
});

test('wrong props fail with the message of the setting', () => {
  expect(() => new Drumline(otherStack(), 'Drumline', { concurrency: 0 })).toThrow(
    'setting concurrency=0: must be an integer from 1 to 1,000',
  );
  expect(() => new Drumline(otherStack(), 'Drumline', { concurency: 3 } as object)).toThrow(
    'setting concurency=3: there is no such setting; did you mean concurrency?',
  );
});
