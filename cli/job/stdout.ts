/**
 * Sends what other code writes to stdout to stderr, until the returned function is called: stdout is for the command's
 * result.
 */
export function divertStdout(): () => void {
  const { write } = process.stdout;
  process.stdout.write = ((...parameters: Parameters<typeof write>) =>
    process.stderr.write(...parameters)) as typeof write;
  return () => {
    process.stdout.write = write;
  };
}
