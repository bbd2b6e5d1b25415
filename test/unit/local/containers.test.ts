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

/** A `docker` that notes what it is asked, with the ports it is told, and answers by the script. */
function standIn(script: string): () => string[] {
  const docker = join(folder, 'docker');
  const noted = join(folder, 'noted');
  const note = `echo "$* on $DRUMLINE_EMULATOR_PORT $DRUMLINE_ELASTICSEARCH_PORT" >> ${noted}`;
  writeFileSync(docker, `#!/bin/sh\n${note}\n${script}\n`);
  chmodSync(docker, 0o755);
  vi.stubEnv('PATH', `${folder}${delimiter}/usr/bin${delimiter}/bin`);
  return () =>
    readFileSync(noted, 'utf8')
      .replaceAll(/--file \S*\/docker-compose\.localstack\.yml/g, '--file F')
      .split('\n')
      .filter((line) => /^compose --file/.test(line));
}

test('up starts what does not run, on this home’s ports, and waits until it is well', async () => {
  const calls = standIn('case "$*" in *" ps "*) echo elasticsearch;; *) echo 28.2.2;; esac');
  expect(await upContainers(home, { ownElasticsearch: false, step: silently })).toEqual({
    emulator: 'started',
    elasticsearch: 'running',
  });
  expect(calls().at(-1)).toBe(
    'compose --file F up --detach --wait --wait-timeout 180 --quiet-pull localstack elasticsearch on 4600 9300',
  );
});

test('an Elasticsearch of the user’s own is not started beside', async () => {
  const calls = standIn('case "$*" in *" ps "*) ;; *) echo 28.2.2;; esac');
  expect(await upContainers(home, { ownElasticsearch: true, step: silently })).toMatchObject({
    elasticsearch: 'external',
  });
  expect(calls().at(-1)).toMatch(/--quiet-pull localstack on/);
});

test.each([
  [false, 'compose --file F --profile kibana down on 4600 9300'],
  [true, 'compose --file F --profile kibana down --volumes on 4600 9300'],
])('down removes containers, Kibana’s as well; with wipe (%s) volumes', async (wipe, words) => {
  const calls = standIn('case "$*" in *" ps "*) echo localstack;; *) echo 28.2.2;; esac');
  expect(await downContainers(home, { wipe, step: silently })).toEqual({ stopped: true });
  expect(calls().at(-1)).toBe(words);
});

test.each([
  ['no docker', undefined, 'no docker on the PATH.'],
  ['no engine', 'case "$*" in compose*) echo 2.36.0;; *) exit 1;; esac', 'no Docker engine answers.'],
  ['no Compose', 'case "$*" in compose*) exit 1;; *) echo 28.2.2;; esac', 'docker has no Compose plugin.'],
  ['neither', 'exit 1', 'no Docker engine answers, and docker has no Compose plugin.'],
])('%s is said in a sentence, with what to do', async (_what, script, problem) => {
  if (script === undefined) vi.stubEnv('PATH', folder);
  else standIn(script);
  const failure = await upContainers(home, { ownElasticsearch: false, step: silently }).catch(
    (error) => error,
  );
  expect(failure).toBeInstanceOf(UserError);
  expect(failure.message).toBe(`LocalStack runs in containers, and ${problem}`);
  expect(failure.nextStep).toMatch(/AWS_ENDPOINT_URL/);
});

test('what a container fails with is shown', async () => {
  standIn('case "$*" in *" up "*) echo "port is already allocated" >&2; exit 1;; *) echo 28.2.2;; esac');
  await expect(upContainers(home, { ownElasticsearch: false, step: silently })).rejects.toThrow(
    /port is already allocated/,
  );
});
