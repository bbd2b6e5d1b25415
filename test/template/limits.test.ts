import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RootConstruct } from 'constructs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseSettings, readSettings, SettingError } from '../../infra-cdk/settings/settings.ts';
import { makeCertificates } from '../certificates.ts';
import { refusal } from './refusal.ts';

const scratch = mkdtempSync(join(tmpdir(), 'drumline-settings-'));
const AUTHORITY = join(scratch, 'authority.pem');
const SERVER = join(scratch, 'server.pem');

beforeAll(async () => {
  const { authority, certificate } = await makeCertificates();
  writeFileSync(AUTHORITY, authority);
  writeFileSync(SERVER, certificate);
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

describe('the settings', () => {
  test('refuse to have messages come back while they are worked on', () => {
    expect(refusal({ visibilityTimeoutSeconds: '29', consumerTimeoutSeconds: '30' })).toBe(
      'setting visibilityTimeoutSeconds=29: at least consumerTimeoutSeconds (30), or messages come back while they are worked on',
    );
    // Also against the default.
    expect(refusal({ visibilityTimeoutSeconds: '29' })).toMatch(/consumerTimeoutSeconds \(30\)/);
  });

  test.each([
    ['concurency', 'concurrency'],
    ['Concurrency', 'concurrency'],
    ['batch_size', 'batchSize'],
    ['elasticSearchURL', 'elasticsearchUrl'],
    ['apiKeySecret', 'elasticsearchApiKeySecret'],
    ['subnets', 'subnetIds'],
  ])('refuse the unknown name %s, and suggest %s', (given, meant) => {
    const { node } = new RootConstruct();
    node.setContext(given, '3');
    expect(() => readSettings(node)).toThrow(
      new SettingError(`setting ${given}= is unknown; did you mean ${meant}?`),
    );
  });

  test('refuse an unknown name that is like none, and say where they are', () => {
    const { node } = new RootConstruct();
    node.setContext('owner', 'me');
    expect(() => readSettings(node)).toThrow(
      'setting owner= is unknown; README.md lists those that there are',
    );
  });

  test.each([
    'https://elastic:sEcret@search.example',
    'https://sEcret@search.example',
    'http://elastic:sEcret@127.0.0.1:9200',
    'elastic:sEcret@search.example',
    'ftp://elastic:s/Ec@ret@search.example',
  ])('refuse a password in %s without showing it', (elasticsearchUrl) => {
    expect(refusal({ elasticsearchUrl })).not.toMatch(/Ec|elastic:/);
  });

  test('say where an API key goes that was in the URL', () => {
    expect(refusal({ elasticsearchUrl: 'https://elastic:secret@search.example/es' })).toBe(
      'setting elasticsearchUrl=https://…@search.example/es: a user and password don’t belong in it, where outputs, variables and logs show them; put an API key in Secrets Manager and name it in elasticsearchApiKeySecret',
    );
  });

  test.each([
    '127.0.0.1',
    '10.1.2.3',
    '172.31.0.9',
    '192.168.1.2',
    'localhost',
    'elasticsearch',
    'es.internal',
    '[::1]',
  ])('take plain http on the private network of %s', (host) => {
    expect(parseSettings({ elasticsearchUrl: `http://${host}:9200` }).elasticsearchUrl).toContain(host);
  });

  test.each([
    'search.example',
    '172.32.0.1',
    '8.8.8.8',
    '[2001:db8::1]',
    '10.example.com',
    '127.0.0.1.example',
  ])('refuse plain http over the open network to %s', (host) => {
    expect(refusal({ elasticsearchUrl: `http://${host}:9200` })).toContain('plain http only on a private');
  });

  test.each([
    [
      { concurrency: '1000', batchSize: '121' },
      'batchSize=121: at most 120 with a concurrency of 1000: SQS has 120000 messages in flight',
    ],
    [{ minimumPollers: '9', maximumPollers: '8' }, 'minimumPollers=9: at most maximumPollers (8)'],
    [{ vpcId: 'vpc-0a1b2c3d' }, 'vpcId=vpc-0a1b2c3d: needs subnetIds, the private subnets to run in'],
    [{ subnetIds: 'subnet-0a1b2c3d' }, 'subnetIds=subnet-0a1b2c3d: needs vpcId, the VPC that they are in'],
    [
      { securityGroupIds: 'sg-0a1b2c3d' },
      'securityGroupIds=sg-0a1b2c3d: needs vpcId, the VPC that they are in',
    ],
    [
      { elasticsearchCaFile: AUTHORITY },
      `elasticsearchCaFile=${AUTHORITY}: needs an https URL, not http://127.0.0.1:9200`,
    ],
  ])('refuse what doesn’t go together: %j', (context, says) => {
    expect(refusal(context)).toBe(`setting ${says}`);
  });

  test('take an authority’s certificate, and refuse another', () => {
    const elasticsearchUrl = 'https://127.0.0.1:9200';
    expect(parseSettings({ elasticsearchUrl, elasticsearchCaFile: AUTHORITY }).elasticsearchCaFile).toBe(
      AUTHORITY,
    );
    expect(refusal({ elasticsearchUrl, elasticsearchCaFile: SERVER })).toContain('is no authority’s');
  });

  test('take the names of a VPC’s parts, several with commas', () => {
    const parts = {
      vpcId: 'vpc-0a1b2c3d4e5f60718',
      subnetIds: 'subnet-0a1b2c3d,subnet-0a1b2c3d4e5f60718',
      securityGroupIds: 'sg-0a1b2c3d',
    };
    expect(parseSettings(parts)).toMatchObject(parts);
  });

  test('take as many messages in flight as SQS has', () => {
    expect(parseSettings({ concurrency: '1000', batchSize: '120' }).batchSize).toBe(120);
    expect(parseSettings({ concurrency: '12', batchSize: '10000' }).concurrency).toBe(12);
  });
});
