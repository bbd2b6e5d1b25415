import { join } from 'node:path';
import type { TargetName } from '../../cli/cloud/target.ts';
import { localHome } from '../../local/base/home.ts';
import { freePort } from '../../local/process/ports.ts';

/** The cloud that the suite runs on. */
export interface SuiteTarget {
  target: TargetName;
  /** The one stack that all files share. Empty on the suite's own local cloud, where each file has a stack. */
  stage: string;
  /** The environment of the `drumline` command and of the AWS clients. */
  environment: Record<string, string>;
}

const LOCALSTACK =
  /^(AWS_(ENDPOINT_URL|REGION|DEFAULT_REGION)|DRUMLINE_(HOME|EMULATOR_PORT|ELASTICSEARCH_PORT))$/;

/**
 * Reads the target from the variables that test/e2e/run.ts sets. The default is a local cloud of the suite's own.
 * @throws Error for AWS without a stage or without DRUMLINE_TEST_ON_AWS=yes, and for an unknown target
 */
export async function readSuiteTarget(variables: NodeJS.ProcessEnv = process.env): Promise<SuiteTarget> {
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
      throw new Error(`unknown target ${target}`);
  }
}

/** The options that point the `drumline` command at a stack. */
export function targetOptions({ target, stage }: Pick<SuiteTarget, 'target' | 'stage'>): string[] {
  return ['--target', target, ...(stage === '' ? [] : ['--stage', stage])];
}

/** The suite has its own folder and ports, so that it does not disturb a running local cloud. */
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
