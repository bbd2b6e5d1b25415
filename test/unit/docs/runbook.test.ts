import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { METRICS } from '../../../functions/core/model/metrics.ts';
import { CONDITIONS } from '../../../infra-cdk/settings/conditions.ts';
import { PROJECT } from '../../../infra-cdk/settings/settings.ts';

const page = readFileSync(join(PROJECT, 'docs', 'operating.md'), 'utf8');
/** The page without line breaks in paragraphs. */
const flowing = (text: string) => text.replaceAll(/(?<!\n)\n(?!\n)/g, ' ');

/** The commands that exist, by the files that define them. */
const commandExists = (name: string) => {
  try {
    return readFileSync(join(PROJECT, 'cli', 'commands', `${name}.ts`), 'utf8') !== '';
  } catch {
    return false;
  }
};

test.each(Object.entries(CONDITIONS))(
  'the runbook says in the words of the alarm %s what it means, and what to type',
  (name, { title, meaning, action }) => {
    const section = page.split(/^#{2,3} /m).find((text) => text.startsWith(`${name}\n`)) ?? '';
    expect(flowing(section)).toContain(`**${title}.** ${meaning}`);
    const code = section.match(/```sh\n(.*?)```/s)?.[1] ?? '';
    expect(code).toMatch(/^(npx drumline|aws) /m);
    // The alarm and the runbook name the same commands, and they exist.
    const commands = (text: string) =>
      new Set([...text.matchAll(/\bdrumline ([a-z-]+)/g)].map(([, command = '']) => command));
    for (const command of commands(action)) expect([...commands(section)]).toContain(command);
    for (const command of [...commands(action), ...commands(code)])
      expect([command, commandExists(command)]).toEqual([command, true]);
  },
);

test('the page describes each metric', () => {
  for (const name of Object.keys(METRICS)) expect(page).toMatch(new RegExp(`^\\| .*\`${name}\`.* \\|`, 'm'));
});
