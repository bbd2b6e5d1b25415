import { UserError } from '../../local/user-error.ts';
import { CommandError } from '../terminal/errors.ts';
import type { Target } from './target.ts';

const UNREACHABLE = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
]);
const NO_CREDENTIALS = new Set(['CredentialsProviderError', 'TokenProviderError']);
const REFUSED_CREDENTIALS = new Set([
  'ExpiredToken',
  'ExpiredTokenException',
  'InvalidClientTokenId',
  'UnrecognizedClientException',
  'SignatureDoesNotMatch',
  'InvalidSignatureException',
]);

/** Puts what a cloud's client has thrown in words for people; what it does not know comes back as it is. */
export function explain(error: unknown, target: Target, signal: AbortSignal): unknown {
  // Ctrl-C reaches child processes as well, and what they then fail with is not what happened.
  if (signal.aborted && !(error instanceof CommandError)) return signal.reason;
  if (!(error instanceof Error) || error instanceof UserError) return error;
  if (isUnreachable(error)) return unreachable(target, error);
  if (error.name === 'TimeoutError') {
    return new CommandError(
      'no_answer',
      `${cloudOf(target)} takes connections but does not answer.`,
      target.name === 'local'
        ? `Restart it: npx drumline down, then npx drumline up. Its log is in ${target.home.logs}.`
        : 'Try again.',
      { cause: error },
    );
  }
  if (NO_CREDENTIALS.has(error.name)) {
    return new CommandError(
      'no_credentials',
      `There are no AWS credentials: ${firstLine(error)}`,
      'Run "aws configure" or "aws sso login", or set AWS_PROFILE.',
      { cause: error },
    );
  }
  if (error.message === 'Region is missing') {
    return new CommandError(
      'no_region',
      'No AWS region is set.',
      'Set AWS_REGION, such as AWS_REGION=eu-central-1.',
    );
  }
  if (REFUSED_CREDENTIALS.has(error.name)) {
    return new CommandError(
      'credentials_refused',
      `${cloudOf(target)} does not accept the credentials: ${firstLine(error)}`,
      'Sign in again ("aws sso login"), or correct the keys.',
      { cause: error },
    );
  }
  if ('$metadata' in error) {
    return new CommandError(
      'cloud_refused',
      `${cloudOf(target)} refused: ${error.name}: ${firstLine(error)}`,
      `See whether the deployment is whole: ${target.command('deploy')}`,
      { cause: error },
    );
  }
  return error;
}

/** Whether nobody listens where the cloud should be. */
export function isUnreachable(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = 'code' in error ? String(error.code) : '';
  return UNREACHABLE.has(code) || (error.cause !== undefined && isUnreachable(error.cause));
}

function unreachable(target: Target, cause: Error): CommandError {
  if (target.name !== 'aws') {
    return new CommandError(
      'not_running',
      `${shortNameOf(target)} is not running (nothing answers at ${target.environment.AWS_ENDPOINT_URL}).`,
      target.isManaged ? target.command('up') : 'Start it, or correct AWS_ENDPOINT_URL.',
      { cause },
    );
  }
  return new CommandError(
    'unreachable',
    `${cloudOf(target)} can’t be reached: ${firstLine(cause)}`,
    'Look at the network and its proxy settings, and try again.',
    { cause },
  );
}

/** The cloud, as at the start of a sentence. */
export function cloudOf(target: Target): string {
  const name = shortNameOf(target);
  return target.name === 'localstack' ? `${name} at ${target.environment.AWS_ENDPOINT_URL}` : name;
}

/** The same without where it is. */
export function shortNameOf({ name }: Target): string {
  return { local: 'The local cloud', localstack: 'LocalStack', aws: 'AWS' }[name];
}

function firstLine({ message }: Error): string {
  return message.split('\n')[0] ?? '';
}
