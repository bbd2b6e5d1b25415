import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { localHome } from '../../../local/base/home.ts';
import { silently } from '../../../local/base/steps.ts';
import { UserError } from '../../../local/base/user-error.ts';
import { downContainers, upContainers } from '../../../local/containers/containers.ts';

const home = localHome({ DRUMLINE_EMULATOR_PORT: '4600', DRUMLINE_ELASTICSEARCH_PORT: '9300' });

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'drumline-docker-'));
});

afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

/** Puts a `docker` on the PATH that runs the script. @returns the calls of compose so far, with the ports */
function fakeDocker(script: string): () => string[] {
  const docker = join(folder, 'docker');
  const log = join(folder, 'log');
  const record = `echo "$* on $DRUMLINE_EMULATOR_PORT $DRUMLINE_ELASTICSEARCH_PORT" >> ${log}`;
  writeFileSync(docker, `#!/bin/sh\n${record}\n${script}\n`);
  chmodSync(docker, 0o755);
  vi.stubEnv('PATH', `${folder}${delimiter}/usr/bin${delimiter}/bin`);
  return () =>
    readFileSync(log, 'utf8')
      .replaceAll(/--file \S*\/docker-compose\.localstack\.yml/g, '--file F')
      .split('\n')
      .filter((line) => /^compose --file/.test(line));
}

test('up starts what is not running, on the ports of this home, and waits until it is healthy', async () => {
  const calls = fakeDocker('case "$*" in *" ps "*) echo elasticsearch;; *) echo 28.2.2;; esac');
  expect(await upContainers(home, { ownElasticsearch: false, step: silently })).toEqual({
    emulator: 'started',
    elasticsearch: 'running',
  });
  expect(calls().at(-1)).toBe(
    'compose --file F up --detach --wait --wait-timeout 180 --quiet-pull localstack elasticsearch on 4600 9300',
  );
});

test('up starts no Elasticsearch if the user has one', async () => {
  const calls = fakeDocker('case "$*" in *" ps "*) ;; *) echo 28.2.2;; esac');
  expect(await upContainers(home, { ownElasticsearch: true, step: silently })).toMatchObject({
    elasticsearch: 'external',
  });
  expect(calls().at(-1)).toMatch(/--quiet-pull localstack on/);
});

test.each([
  [false, 'compose --file F --profile kibana down on 4600 9300'],
  [true, 'compose --file F --profile kibana down --volumes on 4600 9300'],
])('down removes all containers including Kibana; with wipe %s also volumes', async (wipe, call) => {
  const calls = fakeDocker('case "$*" in *" ps "*) echo localstack;; *) echo 28.2.2;; esac');
  expect(await downContainers(home, { wipe, step: silently })).toEqual({ stopped: true });
  expect(calls().at(-1)).toBe(call);
});

test.each([
  ['no docker', undefined, 'no docker on the PATH.'],
  ['no engine', 'case "$*" in compose*) echo 2.36.0;; *) exit 1;; esac', 'no Docker engine answers.'],
  ['no Compose', 'case "$*" in compose*) exit 1;; *) echo 28.2.2;; esac', 'docker has no Compose plugin.'],
  ['neither', 'exit 1', 'no Docker engine answers, and docker has no Compose plugin.'],
])('%s: the error says what is missing and what to do', async (_what, script, problem) => {
  if (script === undefined) vi.stubEnv('PATH', folder);
  else fakeDocker(script);
  const failure = await upContainers(home, { ownElasticsearch: false, step: silently }).catch(
    (error) => error,
  );
  expect(failure).toBeInstanceOf(UserError);
  expect(failure.message).toBe(`LocalStack runs in containers, and ${problem}`);
  expect(failure.nextStep).toMatch(/AWS_ENDPOINT_URL/);
});

test('the error of a container is shown', async () => {
  fakeDocker('case "$*" in *" up "*) echo "port is already allocated" >&2; exit 1;; *) echo 28.2.2;; esac');
  await expect(upContainers(home, { ownElasticsearch: false, step: silently })).rejects.toThrow(
    /port is already allocated/,
  );
});
