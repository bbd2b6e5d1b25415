import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PROJECT } from '../../infra-cdk/settings/settings.ts';

/** The version of an installed package. */
export function versionOf(name: string): string {
  const file = join(PROJECT, 'node_modules', name, 'package.json');
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}
