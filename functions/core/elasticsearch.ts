import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { TIMEOUTS } from './aws.ts';
import { connect, type Results } from './results.ts';

/** The results index; an API key is read from its secret, once in the life of an execution environment. */
export async function openResults(environment: {
  DRUMLINE_ELASTICSEARCH_URL: string;
  DRUMLINE_ELASTICSEARCH_API_KEY_SECRET: string;
  DRUMLINE_INDEX: string;
}): Promise<Results> {
  const { DRUMLINE_ELASTICSEARCH_URL: url, DRUMLINE_INDEX: index } = environment;
  const secret = environment.DRUMLINE_ELASTICSEARCH_API_KEY_SECRET;
  return connect(url, index, secret === '' ? undefined : await readSecret(secret));
}

async function readSecret(name: string): Promise<string> {
  const answer = await new SecretsManagerClient({ requestHandler: TIMEOUTS }).send(
    new GetSecretValueCommand({ SecretId: name }),
  );
  if (!answer.SecretString)
    throw new Error(`the secret ${name} holds no string; put the Elasticsearch API key there`);
  return answer.SecretString.trim();
}
