import type { StandardSchemaV1 } from '@standard-schema/spec';

/** An item that fits the schema, as the schema returns it, or why the item does not fit. */
export type CheckedItem = { value: unknown } | { problem: string };

/**
 * Checks an item. Without a schema every item fits.
 * @throws what the schema throws
 */
export async function checkItem(schema: StandardSchemaV1 | undefined, item: unknown): Promise<CheckedItem> {
  if (!schema) return { value: item };
  const result = await schema['~standard'].validate(item);
  if (!result.issues) return { value: result.value };
  const problems = result.issues.map(({ path = [], message }) => {
    const field = path.map((part) => String(typeof part === 'object' ? part.key : part)).join('.');
    return field === '' ? message : `${field}: ${message}`;
  });
  return { problem: `the item does not fit its schema: ${problems.join('; ')}` };
}
