import { Fn } from 'aws-cdk-lib';
import type { JobDescription } from '../bundling/job-description.ts';
import type { DrumlineFunction } from './drumline-function.ts';
import { secretArn } from './secret-arn.ts';

/** The variables of a function that runs the job's code: the job's own, and the ids of its secrets. */
export function environmentOf({ needs }: JobDescription): Record<string, string> {
  return { ...needs.environment, DRUMLINE_SECRETS: JSON.stringify(needs.secrets) };
}

/** Allows a function what the job needs. */
export function grantNeeds({ needs }: JobDescription, target: DrumlineFunction): void {
  for (const { actions, resources } of needs.permissions)
    target.allow(
      actions,
      ...resources.map((resource) => (resource.includes('${') ? Fn.sub(resource) : resource)),
    );
  for (const secret of Object.values(needs.secrets))
    target.allow(['secretsmanager:GetSecretValue'], secretArn(target, secret));
}
