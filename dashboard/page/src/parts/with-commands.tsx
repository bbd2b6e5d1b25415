import { useLive } from '../live/live.tsx';
import { splitCommands } from '../text/commands.ts';
import { CopyButton } from './copy-button.tsx';

/** A text whose commands can be copied. */
export function WithCommands({ text }: { text: string }) {
  const { about } = useLive();
  return splitCommands(text, about?.commandOptions ?? '').map(({ text: part, isCommand }) =>
    isCommand ? (
      <span class="command" key={part}>
        <code>{part}</code>
        <CopyButton text={part} name={part} />
      </span>
    ) : (
      part
    ),
  );
}
