import type { Step } from '../../local/steps.ts';
import { Interrupted } from './errors.ts';
import type { Output } from './output.ts';
import { elapsed } from './times.ts';

const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const FRAME_MS = 80;

/**
 * Shows steps as they run, several at once if need be: a spinner and the seconds on a terminal; elsewhere a line when
 * a step begins and one when it ends.
 */
export function stepsOn(output: Output): Step {
  const { green, red, yellow, cyan, dim } = output.messageColors;
  return async (title, work) => {
    const begin = Date.now();
    const took = () => dim(`(${elapsed(Date.now() - begin)})`);
    if (!output.isLive) output.say(`… ${title}`);
    const end = output.show(() => `${cyan(frame())} ${title} ${took()}`);
    const conclude = (mark: string) => {
      end();
      output.say(`${mark} ${title} ${took()}`);
    };
    try {
      const result = await work();
      conclude(green('✔'));
      return result;
    } catch (error) {
      conclude(error instanceof Interrupted ? yellow('■') : red('✖'));
      throw error;
    }
  };
}

function frame(): string {
  return FRAMES[Math.floor(Date.now() / FRAME_MS) % FRAMES.length] ?? '';
}
