import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Template } from 'aws-cdk-lib/assertions';
import { afterAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { makeCertificates } from '../certificates.ts';
import {
  build as buildIn,
  FUNCTIONS,
  only,
  readable,
  resourcesOf,
  synthesize,
  variables,
} from './synthesis.ts';

const outdir = mkdtempSync(join(tmpdir(), 'drumline-elasticsearch-'));
afterAll(() => rmSync(outdir, { recursive: true, force: true }));
const build = (context: Record<string, unknown> = {}) => buildIn(mkdtempSync(join(outdir, 'app-')), context);

beforeEach(() => {
  // The environment of the tests must not affect the templates.
  vi.stubEnv('AWS_ENDPOINT_URL', undefined);
  return () => vi.unstubAllEnvs();
});

describe('a VPC', () => {
  const parts = { vpcId: 'vpc-0a1b2c3d', subnetIds: 'subnet-0a1b2c3d,subnet-0a1b2c3e' };

  test.each([
    [{ ...parts, securityGroupIds: 'sg-0a1b2c3d,sg-0a1b2c3e' }, ['sg-0a1b2c3d', 'sg-0a1b2c3e'], 0],
    [parts, ['ResultsNetworkFunctions.GroupId'], 1],
  ])(
    'is where those run that ask Elasticsearch or run the job, and nobody else: %j',
    (context, groups, own) => {
      const template = synthesize(context);
      const placed = Object.values(resourcesOf(template, 'AWS::Lambda::Function')).flatMap(
        ({ Properties }) => {
          const { VpcConfig } = Properties as {
            VpcConfig?: { SubnetIds: unknown; SecurityGroupIds: unknown[] };
          };
          if (!VpcConfig) return [];
          expect(VpcConfig.SubnetIds).toEqual(['subnet-0a1b2c3d', 'subnet-0a1b2c3e']);
          expect(VpcConfig.SecurityGroupIds.map(readable)).toEqual(groups);
          return [Properties.FunctionName];
        },
      );
      expect(placed.sort()).toEqual(
        ['consumer', 'control', 'reader', 'status', 'verify'].map((name) => `drumline-${name}`),
      );
      template.resourceCountIs('AWS::EC2::SecurityGroup', own);
      // The VPC belongs to the user, so the stack creates no part of it.
      template.resourceCountIs('AWS::EC2::VPC', 0);
      template.resourceCountIs('AWS::EC2::Subnet', 0);
      const { Outputs } = template.toJSON() as { Outputs: Record<string, { Value: unknown }> };
      if (own === 0) expect(Outputs.SecurityGroups?.Value).toBe(groups.join(','));
      else expect(readable(Outputs.SecurityGroups?.Value)).toBe(groups[0]);
    },
  );

  test('has a security group of the stack without inbound rules', () => {
    const { Properties } = only(synthesize(parts), 'AWS::EC2::SecurityGroup');
    expect(Properties.VpcId).toBe('vpc-0a1b2c3d');
    expect(Properties).not.toHaveProperty('SecurityGroupIngress');
    synthesize(parts).resourceCountIs('AWS::EC2::SecurityGroupIngress', 0);
  });

  test('is none unless set', () => {
    expect(JSON.stringify(synthesize().toJSON())).not.toMatch(/VpcConfig|AWS::EC2|"ec2:/);
  });
});

describe('the index', () => {
  test('is created with its settings by the functions that may create it', () => {
    const template = synthesize({ indexShards: '3', indexReplicas: '0', indexRefreshSeconds: '30' });
    expect(variables(template, 'drumline-control')).toMatchObject({
      DRUMLINE_INDEX_SHARDS: '3',
      DRUMLINE_INDEX_REPLICAS: '0',
      DRUMLINE_INDEX_REFRESH_SECONDS: '30',
    });
    expect(variables(synthesize(), 'drumline-control').DRUMLINE_INDEX_REFRESH_SECONDS).toBe('');
  });
});

describe('a private certificate authority', () => {
  test('is part of the code of the functions that use Elasticsearch', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'drumline-authority-'));
    try {
      const { authority } = await makeCertificates();
      const elasticsearchCaFile = join(folder, 'authority.pem');
      writeFileSync(elasticsearchCaFile, authority);
      const { app, stack, drumline } = build({
        elasticsearchCaFile,
        elasticsearchUrl: 'https://es.internal',
      });
      const shipped = FUNCTIONS.filter((name) => {
        const file = join(
          app.outdir,
          'bundles',
          drumline.functions[name].node.path,
          '..',
          'elasticsearch-ca.pem',
        );
        return existsSync(file) && readFileSync(file, 'utf8') === authority;
      });
      expect(shipped).toEqual(['consumer', 'status', 'control', 'verify']);
      const told = Template.fromStack(stack);
      for (const name of shipped)
        expect(variables(told, `drumline-${name}`).DRUMLINE_ELASTICSEARCH_CA_FILE).toBe(
          'elasticsearch-ca.pem',
        );
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
