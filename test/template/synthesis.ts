import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, CliCredentialsStackSynthesizer, type IStackSynthesizer } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { DrumlineStack } from '../../infra-cdk/drumline-stack.ts';
import { readSettings } from '../../infra-cdk/settings/parse-settings.ts';

/** Keeps a synthesis from bundling the functions, which takes seconds and has its own test. */
export const NO_BUNDLING = { 'aws:cdk:bundling-stacks': [] };

export const FUNCTIONS = [
  'scheduler',
  'autoscaler',
  'reader',
  'consumer',
  'status',
  'control',
  'verify',
] as const;

export interface Resource {
  Type: string;
  Properties: Record<string, unknown>;
  DeletionPolicy?: string;
  UpdateReplacePolicy?: string;
}

const templates = new Map<string, Template>();

/** The stack's template with these settings, as `-c name=value` or cdk.json gives them. Each is synthesized once per file. */
export function synthesize(context: Record<string, unknown> = {}): Template {
  // All that a template depends on besides the code.
  const key = JSON.stringify([context, process.env.AWS_ENDPOINT_URL]);
  const template = templates.get(key) ?? synthesizeAnew(context);
  templates.set(key, template);
  return template;
}

export function synthesizeAnew(context: Record<string, unknown> = {}): Template {
  const outdir = mkdtempSync(join(tmpdir(), 'drumline-template-'));
  try {
    return Template.fromStack(build(outdir, context).stack);
  } finally {
    rmSync(outdir, { recursive: true, force: true });
  }
}

/** The app and its stack, not yet synthesized. */
export function build(outdir: string, context: Record<string, unknown> = {}) {
  const app = new App({ outdir, context: { ...NO_BUNDLING, ...context } });
  // With one synthesizer for all settings, templates differ only in what the settings change.
  const synthesizer = new CliCredentialsStackSynthesizer() as IStackSynthesizer;
  const stack = new DrumlineStack(app, readSettings(app.node), { synthesizer });
  return { app, stack, drumline: stack.drumline };
}

/** The resources of a type, by their names in the template without the hash at their end. */
export function resourcesOf(template: Template, type: string): Record<string, Resource> {
  const found = template.findResources(type) as Record<string, Resource>;
  return Object.fromEntries(Object.entries(found).map(([id, resource]) => [plain(id), resource]));
}

/** The one resource of a type that has this property. */
export function only(template: Template, type: string, property?: string, value?: unknown): Resource {
  const found = Object.values(resourcesOf(template, type)).filter(
    ({ Properties }) => property === undefined || Properties[property] === value,
  );
  if (found.length !== 1) throw new Error(`${found.length} of ${type} with ${property} ${value}`);
  return found[0] as Resource;
}

/** A function's environment variables. */
export function variables(template: Template, name: string): Record<string, unknown> {
  const { Properties } = only(template, 'AWS::Lambda::Function', 'FunctionName', name);
  return (Properties.Environment as { Variables: Record<string, unknown> }).Variables;
}

/** What a value in the template refers to, in words: `QueuesJobs.Arn`; text is left as it is. */
export function readable(value: unknown): string {
  if (typeof value === 'string') return value;
  const {
    'Fn::GetAtt': attribute,
    Ref: reference,
    'Fn::Join': joined,
  } = value as {
    'Fn::GetAtt'?: [string, string];
    Ref?: string;
    'Fn::Join'?: [string, unknown[]];
  };
  if (attribute) return `${plain(attribute[0])}.${attribute[1]}`;
  if (reference) return reference.startsWith('AWS::') ? `{${reference}}` : plain(reference);
  if (joined) return joined[1].map(readable).join(joined[0]);
  return JSON.stringify(value);
}

function plain(logicalId: string): string {
  return logicalId.replace(/[0-9A-F]{8}$/, '');
}
