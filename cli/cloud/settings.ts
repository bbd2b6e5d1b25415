import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseSettings } from '../../infra-cdk/settings/parse-settings.ts';
import { PROJECT, type SettingName, type Settings, schema } from '../../infra-cdk/settings/settings.ts';
import { UsageError } from '../terminal/errors.ts';

/** Settings as given on the command line, by name, as CDK context: text. */
export type Given = Partial<Record<Exclude<SettingName, 'stage'>, string>>;

/** But for the stage, which is an option of every command. */
const NAMES = (Object.keys(schema.shape) as SettingName[]).filter((name) => name !== 'stage');

/** Reads `name=value` pairs. @throws WrongUse for a name that there is not, with those that there are */
export function readAssignments(pairs: readonly string[]): Given {
  return Object.fromEntries(
    pairs.map((pair) => {
      const [, name = pair, value] = /^([^=]*)=(.*)$/s.exec(pair) ?? [];
      if (name === 'stage') throw new UsageError('A stage is not given by -c.', 'Write --stage NAME.');
      if (!NAMES.some((each) => each === name)) {
        throw new UsageError(`There is no setting "${name}".`, `There are: ${NAMES.join(', ')}.`);
      }
      if (value === undefined) throw new UsageError(`"${pair}" gives no value.`, `Write -c ${name}=VALUE.`);
      return [name, value];
    }),
  );
}

/** The settings that a deployment with these would have: given, else cdk.json's, else the default. @throws SettingError */
export function effectiveSettings(given: Given): Settings {
  return parseSettings({ ...fileContext(), ...given });
}

/** The settings with what they mean and what they are now, for the help. */
export function describeSettings(): string {
  const now: Partial<Settings> = effectiveSettingsOrNone();
  const width = Math.max(...NAMES.map((name) => name.length));
  return NAMES.map((name) => {
    const value = now[name];
    const shown = value === undefined || value === '' ? '' : ` [${value}]`;
    return `  ${name.padEnd(width)}  ${schema.shape[name].description ?? ''}${shown}`;
  }).join('\n');
}

/** What cdk.json says of our settings. */
export function fileContext(): Record<string, unknown> {
  const { context = {} } = JSON.parse(readFileSync(join(PROJECT, 'cdk.json'), 'utf8')) as {
    context?: Record<string, unknown>;
  };
  return Object.fromEntries(NAMES.filter((name) => name in context).map((name) => [name, context[name]]));
}

/** The help is shown even where cdk.json is wrong. */
function effectiveSettingsOrNone(): Partial<Settings> {
  try {
    return effectiveSettings({});
  } catch {
    return {};
  }
}
