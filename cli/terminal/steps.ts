import type { Step } from '../../local/base/steps.ts';
import { isInterruption } from './errors.ts';
import { elapsed } from './format.ts';
import type { Output } from './output.ts';

const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const FRAME_MS = 80;

/**
 * Shows running steps; several may run at once. A terminal shows a spinner and the elapsed time. Elsewhere a line is
 * printed when a step begins and when it ends.
 */
export function stepsOn(output: Output): Step {
  const { green, red, yellow, cyan, dim } = output.messageColors;
  return async (title, work) => {
    const startedAt = Date.now();
    const took = () => dim(`(${elapsed(Date.now() - startedAt)})`);
    if (!output.isLive) output.say(`… ${title}`);
    const end = output.show(() => `${cyan(frame())} ${title} ${took()}`);
    const finish = (mark: string) => {
      end();
      output.say(`${mark} ${title} ${took()}`);
    };
    try {
      const result = await work();
      finish(green('✔'));
      return result;
    } catch (error) {
      finish(isInterruption(error) ? yellow('■') : red('✖'));
      throw error;
    }
  };
}

function frame(): string {
  return FRAMES[Math.floor(Date.now() / FRAME_MS) % FRAMES.length] ?? '';
}
