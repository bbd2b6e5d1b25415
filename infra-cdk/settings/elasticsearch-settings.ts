import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { isIPv4 } from 'node:net';

/** What is wrong with Elasticsearch's URL, if anything: it is seen in outputs, variables and logs, and a key travels to it. */
export function urlProblem(text: string): string | undefined {
  if (!URL.canParse(text)) return undefined; // the schema says so
  const { protocol, username, password, hostname } = new URL(text);
  if (username !== '' || password !== '')
    return 'a user and password don’t belong in it, where outputs, variables and logs show them; put an API key in Secrets Manager and name it in elasticsearchApiKeySecret';
  if (protocol === 'http:' && !isPrivate(hostname))
    return 'plain http only on a private network, for all who are on the way can read it; use https';
  return undefined;
}

/**
 * Whether a host is this machine or on a private network: by RFC 1918's and RFC 4193's addresses, by names that have
 * no dot (a container's, on its network) or end as private zones do.
 */
function isPrivate(hostname: string): boolean {
  if (isIPv4(hostname)) return /^(127|10|192\.168|172\.(1[6-9]|2\d|3[01]))\./.test(hostname);
  if (hostname.startsWith('[')) return /^\[(::1\]|f[cd])/.test(hostname);
  return !hostname.includes('.') || /\.(internal|local|localhost)$/.test(hostname);
}

/** What is wrong with a file that is to hold an authority's certificate, if anything. */
export function certificateProblem(file: string): string | undefined {
  try {
    const certificate = new X509Certificate(readFileSync(file));
    // One that has signed itself is its own authority.
    return certificate.ca || certificate.checkIssued(certificate)
      ? undefined
      : 'its certificate is no authority’s; take the one that signed Elasticsearch’s';
  } catch {
    return 'a PEM file with the certificate of an authority';
  }
}
