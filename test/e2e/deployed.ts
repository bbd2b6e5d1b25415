/**
 * The settings that the suite deploys with: failing jobs and dead workers come back within seconds. Everything else is
 * as users have it.
 */
export const VISIBILITY_SECONDS = 6;
export const DEPLOYED = {
  consumerTimeoutSeconds: 5,
  visibilityTimeoutSeconds: VISIBILITY_SECONDS,
  retryCapSeconds: 2,
  maxAttempts: 3,
};

/** The parameters of `drumline deploy` for these settings and more. */
export function deployWith(more: Record<string, string | number> = {}): string[] {
  return [
    'deploy',
    ...Object.entries({ ...DEPLOYED, ...more }).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
  ];
}
