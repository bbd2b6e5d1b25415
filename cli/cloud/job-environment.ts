import type { JobNeeds } from '../../functions/core/job/job.ts';
import type { Target } from './target.ts';

/** The variables with which a shell chooses an AWS account or an endpoint. */
const CHOICE_OF_ACCOUNT =
  /^AWS_(PROFILE|DEFAULT_PROFILE|ACCESS_KEY_ID|WEB_IDENTITY_TOKEN_FILE|CONTAINER_CREDENTIALS_\w+|CONFIG_FILE|SHARED_CREDENTIALS_FILE|ENDPOINT_URL(_\w+)?)$/;

/**
 * The variables that a job's code gets in addition to those of the shell: those that it names under `needs`, and, if the
 * shell chooses no AWS account, those that send its AWS calls to the target. The shell's variables win, so that a value
 * can be replaced for one try.
 */
export function environmentFor(
  needs: Pick<JobNeeds, 'environment' | 'secrets'>,
  { name, environment }: Pick<Target, 'name' | 'environment'>,
  shell: NodeJS.ProcessEnv,
): Record<string, string> {
  const chooses = Object.keys(shell).some((variable) => shell[variable] && CHOICE_OF_ACCOUNT.test(variable));
  const ofTarget =
    name === 'aws' || chooses ? [] : Object.entries(environment).filter(([key]) => key.startsWith('AWS_'));
  const given = [...Object.entries(needs.environment ?? {}), ...ofTarget] as [string, string][];
  return Object.fromEntries(given.filter(([key]) => !shell[key]));
}

/** The secrets that a job needs and the shell does not have: `secret()` reads them from variables here. */
export function missingSecrets(
  needs: Pick<JobNeeds, 'environment' | 'secrets'>,
  shell: NodeJS.ProcessEnv,
): string[] {
  return Object.keys(needs.secrets ?? {}).filter((name) => shell[name] === undefined);
}
