import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { Bucket } from '../../functions/core/items/bucket.ts';
import type { Reader } from '../../functions/core/items/read-pass.ts';
import type { Actor } from './network.ts';
import type { ListItem } from './source.ts';
import type { World } from './world.ts';

/** The schema of the list's items, as readers and workers check it. */
export function schemaOf({ work }: Pick<World, 'work'>): StandardSchemaV1 {
  const validate = (value: unknown): StandardSchemaV1.Result<unknown> =>
    (value as ListItem).misfit && !work.fixed
      ? { issues: [{ message: 'does not fit', path: ['misfit'] }] }
      : { value };
  return { '~standard': { version: 1, vendor: 'simulation', validate } };
}

/** S3, as one process sees it. */
export function bucketOf({ network, objects, system }: World, actor: Actor): Bucket {
  const call = <T>(name: string, effect: () => T) =>
    system.awsCall('items', () => network.call(actor, 'items', name, effect));
  return {
    put: (key, body) => call('PutObject', () => void objects.set(key, body)),
    get: (key) => call('GetObject', () => objects.get(key)),
  };
}

/** The reader of one invocation. */
export function readerOf(world: World, actor: Actor, name: string): Reader {
  const { source, time } = world;
  return {
    name,
    table: world.table(actor),
    bucket: bucketOf(world, actor),
    source: source && { read: (cursor) => source.read(actor, cursor) },
    schema: schemaOf(world),
    clock: time.clock,
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        const end = () => {
          time.cancel(timer);
          signal?.removeEventListener('abort', end);
          resolve();
        };
        const timer = time.at(time.now + ms, end);
        signal?.addEventListener('abort', end);
      }),
  };
}
