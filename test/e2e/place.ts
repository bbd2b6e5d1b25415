import { join } from 'node:path';
import type { TargetName } from '../../cli/cloud/target.ts';
import { localHome } from '../../local/base/home.ts';
import { freePort } from '../../local/process/ports.ts';

/** Where the suite runs. */
export interface Place {
  target: TargetName;
  /** Which of the stacks there; a cloud of the suite's own has but one. */
  stage: string;
  /** What the `drumline` command and the clients are run with. */
  environment: Record<string, string>;
}

const LOCALSTACK =
  /^(AWS_(ENDPOINT_URL|REGION|DEFAULT_REGION)|DRUMLINE_(HOME|EMULATOR_PORT|ELASTICSEARCH_PORT))$/;

/**
 * Reads it from the variables that test/e2e/run.ts sets; without them it is a local cloud of the suite's own.
 * @throws Error where it would be AWS and nobody has said clearly that it is to be
 */
export async function readPlace(variables: NodeJS.ProcessEnv = process.env): Promise<Place> {
  const { DRUMLINE_TEST_STAGE: stage = '', DRUMLINE_TEST_ON_AWS: confirmed } = variables;
  const target = variables.DRUMLINE_TEST_TARGET || 'local';
  switch (target) {
    case 'local':
      return { target, stage: '', environment: await ownCloud(variables) };
    case 'localstack':
      return { target, stage: stage || 'e2e', environment: only(LOCALSTACK, variables) };
    case 'aws':
      if (stage === '' || confirmed !== 'yes') {
        throw new Error(
          'on AWS the suite costs money and overwrites a stack: name one with --stage, and set DRUMLINE_TEST_ON_AWS=yes',
        );
      }
      return { target, stage, environment: only(/^AWS_/, variables) };
    default:
      throw new Error(`there is no target ${target}`);
  }
}

/** The options by which the `drumline` command goes there. */
export function optionsOf({ target, stage }: Place): string[] {
  return ['--target', target, ...(stage === '' ? [] : ['--stage', stage])];
}

/** A folder and ports of its own, so that a running local cloud is not disturbed. */
async function ownCloud({ DRUMLINE_TEST_HOME }: NodeJS.ProcessEnv): Promise<Record<string, string>> {
  return {
    DRUMLINE_HOME: DRUMLINE_TEST_HOME ?? join(localHome().root, 'test'),
    DRUMLINE_EMULATOR_PORT: String(await freePort()),
    DRUMLINE_ELASTICSEARCH_PORT: String(await freePort()),
  };
}

function only(names: RegExp, variables: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(
    Object.entries(variables).flatMap(([name, value]) => (value && names.test(name) ? [[name, value]] : [])),
  );
}
