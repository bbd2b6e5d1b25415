import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PROJECT } from '../../infra-cdk/settings/settings.ts';

/** The version of Drumline, from package.json. */
export const { version: VERSION } = JSON.parse(readFileSync(join(PROJECT, 'package.json'), 'utf8')) as {
  version: string;
};
