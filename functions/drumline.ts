import type { ItemSource } from './core/items/source.ts';
import type { Job, JobDefinition } from './core/job/job.ts';

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
export function defineJob<Item, Output>(
  definition: JobDefinition<Item, Output> & Required<Pick<JobDefinition<Item>, 'item'>>,
): JobDefinition<Item, Output>;
export function defineJob<Item, Output>(
  definition: JobDefinition<Item, Output> & { items: ItemSource<Item> },
): JobDefinition<Item, Output>;
export function defineJob<Output>(definition: JobDefinition<number, Output>): JobDefinition<number, Output>;
export function defineJob(definition: Job): Job {
  return definition;
}
