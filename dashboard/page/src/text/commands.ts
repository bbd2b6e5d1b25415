/** A part of a text: words, or a command to type. */
export interface TextPart {
  text: string;
  isCommand: boolean;
}

/** Subcommands with an argument that is a plain word. Other plain words after a subcommand belong to the sentence. */
const COMMAND = new RegExp(
  [
    /(?:npx )?drumline /,
    /(?:dead-letters (?:list|retry|purge)|logs (?:scheduler|consumer|autoscaler|status|control|verify)|[a-z][a-z-]*)/,
    /(?: (?:--[a-z-]+(?: (?:aws|localstack|local))?|[A-Z]{1,10}(?![\w'])|\d[\w:]*))*/,
  ]
    .map(({ source }) => source)
    .join(''),
  'g',
);

/**
 * Finds the commands in a sentence such as `Read the reasons: drumline dead-letters list.`
 * @param options what commands need for this target and stage, e.g. `--stage demo`; they are added
 */
export function splitCommands(text: string, options: string): TextPart[] {
  const parts: TextPart[] = [];
  let end = 0;
  for (const { 0: found, index } of text.matchAll(COMMAND)) {
    parts.push({ text: text.slice(end, index), isCommand: false });
    parts.push({ text: complete(found, options), isCommand: true });
    end = index + found.length;
  }
  parts.push({ text: text.slice(end), isCommand: false });
  return parts.filter((part) => part.text !== '');
}

function complete(command: string, options: string): string {
  const called = command.startsWith('npx ') ? command : `npx ${command}`;
  const missing = options
    .split(/ (?=--)/)
    .filter((option) => option && !called.includes(option.split(' ')[0] ?? ''));
  return [called, ...missing].join(' ');
}
