import { GetTemplateCommand } from '@aws-sdk/client-cloudformation';
import type { Target } from './target.ts';

/** A CloudFormation template, as far as the command reads it. */
export interface Template {
  Resources: Record<string, TemplateResource>;
}

interface TemplateResource {
  Type: string;
  Properties?: Record<string, unknown>;
}

/** Reads the template of a deployed stack. */
export async function readTemplate(
  { clients }: Target,
  stackName: string,
  abortSignal: AbortSignal,
): Promise<Template> {
  const command = new GetTemplateCommand({ StackName: stackName, TemplateStage: 'Original' });
  const { TemplateBody = '{}' } = await clients.cloudFormation.send(command, { abortSignal });
  return { Resources: {}, ...JSON.parse(TemplateBody) };
}

/** A resource whose name is part of the template, so that it cannot be created while another one has the name. */
export interface NamedResource {
  type: keyof typeof NAME_PROPERTY;
  name: string;
}

/** The property with the name, of the types to which Drumline gives fixed names. */
const NAME_PROPERTY = {
  'AWS::Lambda::Function': 'FunctionName',
  'AWS::Logs::LogGroup': 'LogGroupName',
  'AWS::SQS::Queue': 'QueueName',
} as const;

/** The named resources that a template adds to a deployed one. */
export function addedNames(deployed: Template | undefined, next: Template): NamedResource[] {
  const known = new Set(namesIn(deployed).map(({ type, name }) => `${type} ${name}`));
  return namesIn(next).filter(({ type, name }) => !known.has(`${type} ${name}`));
}

function namesIn(template: Template | undefined): NamedResource[] {
  return Object.values(template?.Resources ?? {}).flatMap(({ Type: type, Properties }) => {
    if (!isNamed(type)) return [];
    const name = Properties?.[NAME_PROPERTY[type]];
    return typeof name === 'string' ? [{ type, name }] : [];
  });
}

function isNamed(type: string): type is keyof typeof NAME_PROPERTY {
  return type in NAME_PROPERTY;
}
