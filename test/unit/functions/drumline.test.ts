import { expectTypeOf, test } from 'vitest';
import { z } from 'zod';
import { defineJob, list, pages, s3Lines } from '#drumline';

// The assertions are checked by tsc, like the errors that are expected.

const file = { bucket: 'bucket', key: 'key' };

test('run receives the item of the schema, else that of the list, else the jobId', () => {
  defineJob({ run: (item) => expectTypeOf(item).toBeNumber() });
  defineJob({ items: list(['a']), run: (item) => expectTypeOf(item).toBeString() });
  defineJob({
    items: pages(async (cursor?: number) => ({ items: [{ id: 'a' }], next: cursor })),
    run: (item) => expectTypeOf(item).toEqualTypeOf<{ id: string }>(),
  });
  defineJob({ items: s3Lines(file), run: (item) => expectTypeOf(item).toBeUnknown() });
  defineJob({ items: s3Lines<Date>(file), run: (item) => expectTypeOf(item).toEqualTypeOf<Date>() });
  defineJob({
    items: s3Lines({ ...file, parse: Number }),
    run: (item) => expectTypeOf(item).toBeNumber(),
  });
  defineJob({ item: z.coerce.date(), run: (item) => expectTypeOf(item).toEqualTypeOf<Date>() });
  defineJob({
    items: list([{ id: 1 as unknown }]),
    item: z.object({ id: z.string() }),
    run: (item) => expectTypeOf(item).toEqualTypeOf<{ id: string }>(),
  });
});

test('a wrong definition is an error at its own line', () => {
  defineJob({
    // @ts-expect-error Did you mean to write 'items'?
    itmes: list([1]),
    run: () => 1,
  });
  defineJob({
    // @ts-expect-error Property 'read' is missing
    items: ['a'],
    run: () => 1,
  });
  defineJob({
    // @ts-expect-error Did you mean "float"?
    output: { score: 'flaot' },
    run: () => ({ score: 1 }),
  });
  defineJob({
    needs: {
      environment: {
        // @ts-expect-error Type 'number' is not assignable to type 'string'
        PORT: 80,
      },
    },
    run: () => 1,
  });
  defineJob({
    items: list([{ id: 1 }]),
    item: z.object({ id: z.string() }),
    // @ts-expect-error Types of property 'id' are incompatible
    run: ({ id }: { id: number }) => id,
  });
});
