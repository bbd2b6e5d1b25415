/** Whether the template is for an emulator: the SDKs' own variable names one, and AWS needs none. */
export function isForEmulator(): boolean {
  return (process.env.AWS_ENDPOINT_URL ?? '') !== '';
}

/**
 * What ministack asks for besides the action that IAM defines for the same call. IAM defines no action for a batch, and
 * one of its own for reading a concurrency (Service Authorization Reference, "Actions, resources, and condition keys"
 * for Amazon SQS and for AWS Lambda).
 */
const ASKED_BESIDES: Record<string, string> = {
  'sqs:SendMessage': 'sqs:SendMessageBatch',
  'lambda:GetFunctionConcurrency': 'lambda:PutFunctionConcurrency',
};

/** These actions as a policy has to name them: on AWS just these. */
export function asEnforced(actions: readonly string[]): string[] {
  if (!isForEmulator()) return [...actions];
  return actions.flatMap((action) => [action, ASKED_BESIDES[action] ?? []].flat());
}
