/**
 * The action that ministack checks in addition to an IAM action. IAM has no action for a batch of messages, and separate
 * actions for reading the concurrency and one mapping (Service Authorization Reference, "Actions, resources, and condition keys" for
 * Amazon SQS and for AWS Lambda).
 */
const ALSO_CHECKED: Record<string, string> = {
  'sqs:SendMessage': 'sqs:SendMessageBatch',
  'lambda:GetFunctionConcurrency': 'lambda:PutFunctionConcurrency',
  'lambda:GetEventSourceMapping': 'lambda:ListEventSourceMappings',
};

/** The actions that a policy must name for these IAM actions: on AWS, these; on an emulator, also the actions that it checks. */
export function asEnforced(actions: readonly string[]): string[] {
  // The AWS SDKs' own variable. It names an emulator's endpoint; AWS needs none.
  if (!process.env.AWS_ENDPOINT_URL) return [...actions];
  return actions.flatMap((action) => [action, ALSO_CHECKED[action] ?? []].flat());
}
