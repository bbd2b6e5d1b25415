import type { ControlAnswer } from '../../../../functions/control.ts';
import { post } from '../live/api.ts';
import { Panel, type PanelProps } from './panel.tsx';
import { useRequest } from './use-request.ts';

/** Stops the active run. */
export function Stop({ onClose, onDone, onLateError }: PanelProps) {
  const { isBusy, error, send } = useRequest(onLateError);
  const stop = () =>
    send(async () => {
      const { runId } = await post<ControlAnswer>('control', { action: 'stop' });
      onDone(`The run ${runId} is stopped. Enqueued jobs are still processed.`);
    });
  return (
    <Panel
      title="Stop the run"
      action={isBusy ? 'Stopping …' : 'Stop the run'}
      isDangerous
      {...{ isBusy, error, onClose }}
      onSubmit={() => void stop()}
    >
      <p>No more ticks fire. Enqueued jobs are still processed.</p>
    </Panel>
  );
}
