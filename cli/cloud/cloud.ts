import { down, type UpResult, up } from '../../local/cloud.ts';
import { downContainers, upContainers } from '../../local/containers/containers.ts';
import { UsageError } from '../terminal/errors.ts';
import type { Call } from './call.ts';

/** What a stopped LocalStack forgets. Keeping it (PERSISTENCE) takes a licence. */
const FORGOTTEN =
  'LocalStack has kept nothing: the ledger, the queue and the deployment are gone and must be deployed again; ' +
  'Elasticsearch’s documents are kept.';

/** Has the target's cloud running; one that the user runs is left to them. @throws UserError */
export async function bringUp(
  { target, step, signal }: Call,
  elasticsearchUrl: string | undefined,
): Promise<UpResult> {
  if (!target.isManaged) return { emulator: 'running', elasticsearch: 'external' };
  return target.name === 'localstack'
    ? upContainers(target.home, { ownElasticsearch: elasticsearchUrl !== undefined, step, signal })
    : up(target.home, { elasticsearchUrl, step, signal });
}

/** Stops the target's cloud. @returns one sentence on what is lost by that, if something is */
export async function takeDown({ target, step }: Call, wipe: boolean): ReturnType<typeof down> {
  if (target.name !== 'localstack') return down(target.home, { wipe, step });
  const { stopped } = await downContainers(target.home, { wipe, step });
  return { stopped, ...(stopped && !wipe && process.env.PERSISTENCE !== '1' && { lost: FORGOTTEN }) };
}

/** @throws WrongUse for a cloud that the command neither starts nor stops */
export function requireManaged(call: Call, name: string): void {
  requireEmulator(call, name);
  if (call.target.isManaged) return;
  throw new UsageError(
    `"${name}" is about LocalStack’s own containers, but AWS_ENDPOINT_URL names a LocalStack of yours.`,
    'Start and stop that one yourself, or unset AWS_ENDPOINT_URL.',
  );
}

/** @throws WrongUse for a command that has no business on AWS */
export function requireEmulator({ target }: Call, name: string): void {
  if (target.name !== 'aws') return;
  throw new UsageError(`"${name}" is about a cloud on this machine.`, 'Leave --target aws away.');
}
