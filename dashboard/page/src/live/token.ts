const KEY = 'drumline-token';

/**
 * Takes the token out of the address that the terminal printed, so that it is in no history, bookmark or shared address.
 * It is kept for this origin, which includes the port. A token of an earlier server is refused, and does no harm.
 */
export function takeToken(): void {
  const token = new URLSearchParams(location.hash.slice(1)).get('token');
  if (token === null) return;
  localStorage.setItem(KEY, token);
  history.replaceState(null, '', location.pathname + location.search);
}

/** Undefined if this page may change nothing. */
export function token(): string | undefined {
  return localStorage.getItem(KEY) ?? undefined;
}
