import type { TestProject } from 'vitest/node';
import type { UpResult } from '../../local/cloud.ts';
import { drumline, drumlineJson } from './command.ts';
import { deployWith } from './deployed.ts';
import { optionsOf, type Place, readPlace } from './place.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    place: Place;
  }
}

/** Has the system there that the suite tests, newly deployed, and leaves behind no more than it found. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const place = await readPlace();
  project.provide('place', place);
  return place.target === 'local' ? ownCloud(place) : cloudOfTheUsers(place);
}

/** A local cloud of the tests' own. What is installed there stays, so that only the first run takes the time. */
async function ownCloud(place: Place): Promise<() => Promise<void>> {
  // An earlier run may have been killed: what it left is stopped, and its data is no concern of ours.
  await must(place, 'down', '--wipe', '--yes');
  await must(place, 'up');
  await must(place, ...deployWith());
  return () => must(place, 'down', '--wipe', '--yes');
}

/** A stack of the tests' own on a cloud that others may use. */
async function cloudOfTheUsers(place: Place): Promise<() => Promise<void>> {
  const { target, stage, environment } = place;
  const { DRUMLINE_TEST_ELASTICSEARCH: elasticsearch } = process.env;
  const isOurs = target === 'localstack' && environment.AWS_ENDPOINT_URL === undefined;
  const wasUp = isOurs && (await up(place)).emulator === 'running';
  await must(place, ...deployWith(), ...(elasticsearch ? ['--elasticsearch', elasticsearch] : []));
  return async () => {
    if (isOurs && !wasUp) return must(place, 'down', '--wipe', '--yes');
    // No run goes on behind anybody's back; if none was active, stopping it fails, and that is well.
    await drumline(environment, [...optionsOf(place), 'stop']);
    process.stderr.write(`the stack Drumline-${stage} stays on ${target}\n`);
  };
}

async function up(place: Place): Promise<UpResult> {
  const result = await drumlineJson<UpResult | { error: { message: string } }>(place.environment, [
    ...optionsOf(place),
    'up',
  ]);
  if ('error' in result) throw new Error(result.error.message);
  return result;
}

async function must(place: Place, ...parameters: string[]): Promise<void> {
  process.stderr.write(`drumline ${parameters.join(' ')}\n`);
  const { code, stderr } = await drumline(place.environment, [...optionsOf(place), ...parameters]);
  if (code !== 0) throw new Error(`drumline ${parameters.join(' ')} ended with ${code}:\n${stderr}`);
}
