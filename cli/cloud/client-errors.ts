import { UserError } from '../../local/base/user-error.ts';
import { CommandError } from '../terminal/errors.ts';
import { cloudName, cloudNameAndUrl, type Target } from './target.ts';

const UNREACHABLE = /^(ECONNREFUSED|ECONNRESET|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|EAI_AGAIN)$/;
const NO_CREDENTIALS = /^(Credentials|Token)ProviderError$/;
const REFUSED_CREDENTIALS =
  /^(ExpiredToken(Exception)?|InvalidClientTokenId|UnrecognizedClientException|SignatureDoesNotMatch|InvalidSignatureException)$/;

/** Turns an error of an AWS client into a `CommandError`. Returns an error that it does not know unchanged. */
export function explainError(error: unknown, target: Target, signal: AbortSignal): unknown {
  // Ctrl-C reaches child processes, too. Their errors are not the cause.
  if (signal.aborted && !(error instanceof CommandError)) return signal.reason;
  if (!(error instanceof Error) || error instanceof UserError) return error;
  const cloud = cloudNameAndUrl(target);
  const explained = (code: string, message: string, nextStep: string) =>
    new CommandError(code, message, nextStep, { cause: error });
  if (isUnreachable(error)) {
    if (target.name === 'aws') {
      const nextStep = 'Check the network and the proxy settings, and try again.';
      return explained('unreachable', `${cloud} can’t be reached: ${firstLine(error)}`, nextStep);
    }
    const nextStep = target.isManaged ? target.command('up') : 'Start it, or correct AWS_ENDPOINT_URL.';
    const url = target.environment.AWS_ENDPOINT_URL;
    return explained(
      'not_running',
      `${cloudName(target)} is not running (nothing answers at ${url}).`,
      nextStep,
    );
  }
  if (error.name === 'TimeoutError') {
    const nextStep =
      target.name === 'local'
        ? `Restart it: npx drumline down, then npx drumline up. Its log is in ${target.home.logs}.`
        : 'Try again.';
    return explained('no_answer', `${cloud} accepts connections but does not answer.`, nextStep);
  }
  if (NO_CREDENTIALS.test(error.name)) {
    return explained(
      'no_credentials',
      `There are no AWS credentials: ${firstLine(error)}`,
      'Run "aws configure" or "aws sso login", or set AWS_PROFILE.',
    );
  }
  if (error.message === 'Region is missing') {
    return explained(
      'no_region',
      'No AWS region is set.',
      'Set AWS_REGION, for example AWS_REGION=eu-central-1.',
    );
  }
  if (REFUSED_CREDENTIALS.test(error.name)) {
    return explained(
      'credentials_refused',
      `${cloud} does not accept the credentials: ${firstLine(error)}`,
      'Sign in again ("aws sso login"), or correct the keys.',
    );
  }
  if ('$metadata' in error) {
    return explained(
      'cloud_refused',
      `${cloud} refused the request: ${error.name}: ${firstLine(error)}`,
      `The deployment may be incomplete. Deploy again: ${target.command('deploy')}`,
    );
  }
  return error;
}

/** Whether no server listens at the address of the cloud. */
export function isUnreachable(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = 'code' in error ? String(error.code) : '';
  return UNREACHABLE.test(code) || (error.cause !== undefined && isUnreachable(error.cause));
}

/**
 * The answer to a request; undefined if the user lacks the permission. Whoever deploys with the roles of the CDK's stack
 * (setting `bootstrapRoles`) may have few permissions of their own.
 */
export async function unlessDenied<Answer>(request: Promise<Answer>): Promise<Answer | undefined> {
  try {
    return await request;
  } catch (error) {
    if (error instanceof Error && /^(AccessDenied|UnauthorizedOperation)/.test(error.name)) return undefined;
    throw error;
  }
}

function firstLine({ message }: Error): string {
  return message.split('\n')[0] ?? '';
}
