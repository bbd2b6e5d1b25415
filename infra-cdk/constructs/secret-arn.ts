import { ArnFormat, Stack, Token } from 'aws-cdk-lib';
import type { Construct } from 'constructs';

/** The ARN, for IAM, of a secret in Secrets Manager. Secrets Manager adds a hyphen and six characters to its name there. */
export function secretArn(scope: Construct, nameOrArn: string): string {
  // A token is the ARN of a secret in the same app.
  if (nameOrArn.startsWith('arn:') || Token.isUnresolved(nameOrArn)) return nameOrArn;
  return Stack.of(scope).formatArn({
    service: 'secretsmanager',
    resource: 'secret',
    resourceName: `${nameOrArn}-??????`,
    arnFormat: ArnFormat.COLON_RESOURCE_NAME,
  });
}
