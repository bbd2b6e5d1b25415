import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { ItemSource } from './core/items/source.ts';
import type { JobDefinition } from './core/job/job.ts';

/**
 * What your job imports: `import { defineJob } from '#drumline'`. Everything else under functions/ is internal and may
 * change.
 */

export { type ItemSource, list, type Page, pages, type ReadContext } from './core/items/source.ts';
export type { JobContext, JobDefinition, JobLog, JobNeeds, Permission } from './core/job/job.ts';
export type { FieldType, OutputMapping } from './core/job/output-mapping.ts';
export { PermanentError } from './core/model/errors.ts';
export { s3Lines } from './runtime/s3-lines.ts';
export { secret } from './runtime/secrets.ts';

/** What `run` receives: what the schema returns; without a schema, an item of the list; without a list, the jobId. */
type ItemOf<Schema, Source> =
  Schema extends StandardSchemaV1<unknown, infer Item>
    ? Item
    : Source extends ItemSource<infer Item>
      ? Item
      : number;

/**
 * Defines a job. The job file exports the result as its default. `run` receives the type of item that the schema `item`
 * returns; without a schema, that of the list `items`; without a list, the jobId.
 * @example
 *     export default defineJob({
 *       items: list([{ url: 'https://example.com' }]),
 *       item: z.object({ url: z.url() }),
 *       async run({ url }, { signal }) {
 *         return { status: (await fetch(url, { signal })).status };
 *       },
 *     });
 */
export function defineJob<
  Output,
  Schema extends StandardSchemaV1 | undefined = undefined,
  Source extends ItemSource<unknown> | undefined = undefined,
>(
  definition: JobDefinition<ItemOf<Schema, Source>, Output> & { items?: Source; item?: Schema },
): JobDefinition<ItemOf<Schema, Source>, Output> {
  return definition;
}
