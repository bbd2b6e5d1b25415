import * as z from 'zod';
import { schema, TOPICS } from './settings.ts';

/** A setting as the help and docs/settings.md describe it. */
export interface SettingDescription {
  name: string;
  topic: string;
  /** Range or form of the value, such as `integer from 1 to 500`. */
  form: string;
  /** The default value; empty if there is none. */
  default: string;
  /** What applies if the setting has no default value. */
  unset: string;
  description: string;
  /** Whether it is one of the settings that people change most. */
  common: boolean;
}

/** Describes all settings, by topic. */
export function describeSettings(): SettingDescription[] {
  const defaults = schema.parse({}) as Record<string, unknown>;
  return Object.entries(TOPICS).flatMap(([topic, settings]) =>
    Object.entries(settings as Record<string, z.ZodType>).map(([name, setting]) => {
      const { unset = 'none', description = '', common = false } = setting.meta() ?? {};
      const form = formOf(setting).replace(/^(an?|the) /, '');
      return { name, topic, form, default: String(defaults[name] ?? ''), unset, description, common };
    }),
  );
}

/** The form belongs to the type inside of `.default()` and `.optional()`. */
function formOf(type: z.ZodType): string {
  const inner = type instanceof z.ZodDefault || type instanceof z.ZodOptional;
  return inner ? formOf(type.unwrap() as z.ZodType) : (type.meta()?.form ?? '');
}

/** The settings as a Markdown table. @param included all settings unless given */
export function settingsTable(included: (setting: SettingDescription) => boolean = () => true): string {
  const rows = describeSettings()
    .filter(included)
    .map(({ name, default: value, unset, form, description }) =>
      ['', `\`${name}\``, value === '' ? unset : `\`${value}\``, form, description, ''].join(' | ').trim(),
    );
  return ['| setting | default | range or form | meaning |', '|---|---|---|---|', ...rows].join('\n');
}

/** The text of docs/settings.md. */
export function settingsPage(): string {
  const sections = Object.keys(TOPICS).flatMap((topic) => [
    `## ${topic}`,
    '',
    settingsTable((setting) => setting.topic === topic),
    '',
  ]);
  return [
    '# Settings',
    '',
    'The settings are CDK context. Set them permanently in `cdk.json`, or for one deployment with',
    '`npx drumline deploy -c name=value`. In another CDK app, they are the properties of the construct `Drumline`',
    '(`infra-cdk/drumline.ts`). A wrong value or an unknown name stops the deployment with a message that names the setting.',
    '',
    'This page is generated from `infra-cdk/settings/settings.ts`: `npx vitest run --project unit test/unit/docs -u`.',
    '',
    ...sections,
  ].join('\n');
}

/** The source of drumline-props.ts. `bootstrapRoles` is left out: it belongs to the stack, not to the construct. */
export function propsSource(): string {
  const properties = describeSettings()
    .filter(({ name }) => name !== 'bootstrapRoles')
    .flatMap(({ name, form, default: value, unset, description }) => [
      '  /**',
      `   * ${description}`,
      `   * Value: ${form}. @default ${value || unset}`,
      '   */',
      `  readonly ${name}?: ${typeOf(name)} | undefined;`,
    ]);
  return [
    '// Generated from settings/settings.ts by `npx vitest run --project unit test/unit/docs -u`.',
    '',
    '/** The properties of the construct `Drumline`. Each is optional. */',
    'export interface DrumlineProps {',
    ...properties,
    '}',
    '',
  ].join('\n');
}

/** The TypeScript type of a setting. */
function typeOf(name: string): string {
  if (name === 'logLevel')
    return schema.shape.logLevel
      .unwrap()
      .options.map((level) => `'${level}'`)
      .join(' | ');
  const accepts = (value: unknown) =>
    schema.shape[name as keyof typeof schema.shape].safeParse(value).success;
  if (name === 'jobsPerMessage') return "number | 'auto'";
  if (accepts(true)) return 'boolean';
  return [2, 14, 128].some(accepts) ? 'number' : 'string';
}
