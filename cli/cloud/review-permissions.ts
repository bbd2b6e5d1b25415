import { Writable } from 'node:stream';
import { diffTemplate, formatSecurityChanges, type TemplateDiff } from '@aws-cdk/cloudformation-diff';
import { isConfirmed } from '../terminal/confirm.ts';
import { CommandError } from '../terminal/errors.ts';
import type { Call } from './call.ts';
import type { Template } from './template.ts';

/**
 * Shows the permissions that a deployment adds, and asks for consent: all of them before the first deployment, and later
 * those that the CDK calls broadening (`cdk deploy --require-approval broadening` applies the same rule).
 * @param deployed undefined before the first deployment
 * @param yes whether the user has consented in advance
 * @throws CommandError `not_confirmed`, and UsageError when there is no terminal to ask on
 */
export async function reviewPermissions(
  call: Call,
  deployed: Template | undefined,
  next: Template,
  yes: boolean,
): Promise<void> {
  const diff = diffTemplate(deployed ?? {}, next);
  if (!diff.permissionsBroadened) return;
  const { output, target } = call;
  output.say(
    deployed
      ? `This deployment widens permissions:\n${securityChanges(diff)}`
      : `The stack ${target.stackName} will be allowed to do this, on its own resources unless the job needs others:\n${permissionsByPrincipal(diff)}`,
  );
  if (await isConfirmed(call, 'Deploy with these permissions?', yes)) return;
  throw new CommandError(
    'not_confirmed',
    'The permissions were not confirmed. Nothing was deployed.',
    `${target.command('deploy')} asks again.`,
  );
}

/** The actions that a deployment newly allows, one line per role or service, in alphabetical order. */
export function permissionsByPrincipal({ iamChanges }: TemplateDiff): string {
  const actions = new Map<string, Set<string>>();
  for (const { effect, principals, actions: added, resources } of iamChanges.statements.additions) {
    // Who may assume a role follows from the role's line.
    if (effect !== 'Allow' || added.values.includes('sts:AssumeRole')) continue;
    const principal = principals.values.map(readableName).join(', ');
    const known = actions.get(principal) ?? new Set();
    const everywhere = resources.values.includes('*') ? ' on *' : '';
    for (const each of added.values) known.add(`${each}${everywhere}`);
    actions.set(principal, known);
  }
  return [...actions]
    .sort(([one], [other]) => one.localeCompare(other))
    .map(([principal, names]) => `  ${principal}: ${[...names].sort().join(', ')}`)
    .join('\n');
}

/** A principal without what the CDK puts around its name: `AWS:${ConsumerRoleE2904DDD}` is ConsumerRole. */
function readableName(principal: string): string {
  return principal.replace(/^\w+:/, '').replace(/^\$\{(\w+?)[0-9A-F]{8}\}$/, '$1');
}

/** The CDK's own table of changes of IAM statements and security groups. */
function securityChanges(diff: TemplateDiff): string {
  let text = '';
  const stream = new Writable({
    write(part, _encoding, done) {
      text += String(part);
      done();
    },
  });
  formatSecurityChanges(stream, diff);
  return text.trimEnd();
}
