import { type GenerateResult, generate } from 'selfsigned';

/** A private authority, and the certificate and key of a server on this machine that it has signed; PEM. */
export interface Certificates {
  authority: string;
  certificate: string;
  key: string;
}

export async function makeCertificates(): Promise<Certificates> {
  const authority = await make('drumline test authority', [
    { name: 'basicConstraints', cA: true, critical: true },
    { name: 'keyUsage', keyCertSign: true, critical: true },
  ]);
  const server = await make(
    '127.0.0.1',
    [{ name: 'subjectAltName', altNames: [{ type: 7, ip: '127.0.0.1' }] }],
    { key: authority.private, cert: authority.cert },
  );
  return { authority: authority.cert, certificate: server.cert, key: server.private };
}

type Options = NonNullable<Parameters<typeof generate>[1]>;

function make(
  name: string,
  extensions: NonNullable<Options['extensions']>,
  ca?: NonNullable<Options['ca']>,
): Promise<GenerateResult> {
  return generate([{ name: 'commonName', value: name }], {
    keyType: 'ec',
    algorithm: 'sha256',
    extensions,
    ...(ca && { ca }),
  });
}
