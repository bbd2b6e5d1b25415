import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { PROJECT } from '../../../infra-cdk/settings/settings.ts';

test('README.md shows the job of examples/scores as it is', () => {
  const read = (file: string) => readFileSync(join(PROJECT, file), 'utf8');
  expect(read('README.md')).toContain(`\`\`\`ts\n${read('examples/scores/job.ts')}\`\`\``);
});
