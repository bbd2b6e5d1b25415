import { down, type UpOptions, type UpResult, up } from '../../local/cloud.ts';
import { downContainers, upContainers } from '../../local/containers/containers.ts';
import { UsageError } from '../terminal/errors.ts';
import type { Call } from './call.ts';

/** What LocalStack loses when it stops. Its PERSISTENCE setting, which prevents that, needs a licence. */
const LOST =
  'LocalStack has lost its ledger, queues and deployment: deploy again. Elasticsearch has kept its documents.';

/**
 * Starts the target's cloud, unless the user manages it.
 * @param onEmulatorReady work that needs only the emulator, see `UpOptions`
 * @throws UserError
 */
export async function startCloud(
  { target, step, signal }: Call,
  elasticsearchUrl: string | undefined,
  onEmulatorReady?: UpOptions['onEmulatorReady'],
): Promise<UpResult> {
  if (target.name === 'local') return up(target.home, { elasticsearchUrl, onEmulatorReady, step, signal });
  const ownElasticsearch = elasticsearchUrl !== undefined;
  const result: UpResult = target.isManaged
    ? await upContainers(target.home, { ownElasticsearch, step, signal })
    : { emulator: 'running', elasticsearch: 'external' };
  await onEmulatorReady?.(Promise.resolve());
  return result;
}

/** Stops the target's cloud. @returns `lost`: a sentence, if data was lost */
export async function stopCloud({ target, step }: Call, wipe: boolean): ReturnType<typeof down> {
  if (target.name !== 'localstack') return down(target.home, { wipe, step });
  const { stopped } = await downContainers(target.home, { wipe, step });
  return { stopped, ...(stopped && !wipe && process.env.PERSISTENCE !== '1' && { lost: LOST }) };
}

/** @throws UsageError for AWS, and for a LocalStack that the user manages */
export function requireManaged(call: Call, command: string): void {
  requireEmulator(call, command);
  if (call.target.isManaged) return;
  throw new UsageError(
    `"${command}" works on Drumline’s own LocalStack containers, but AWS_ENDPOINT_URL names another LocalStack.`,
    'Start and stop that LocalStack yourself, or unset AWS_ENDPOINT_URL.',
  );
}

/** @throws UsageError for AWS */
export function requireEmulator({ target }: Call, command: string): void {
  if (target.name !== 'aws') return;
  throw new UsageError(`"${command}" works on a cloud on this machine, not on AWS.`, 'Omit --target aws.');
}
