import { useLive } from '../live/live.tsx';
import { splitCommands } from './commands.ts';

/** A text whose commands can be copied. */
export function WithCommands({ text }: { text: string }) {
  const { about } = useLive();
  return splitCommands(text, about?.commandOptions ?? '').map(({ text: part, isCommand }) =>
    isCommand ? <Command key={part} text={part} /> : part,
  );
}

function Command({ text }: { text: string }) {
  return (
    <span class="command">
      <code>{text}</code>
    </span>
  );
}
