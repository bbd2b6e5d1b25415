import { useState } from 'preact/hooks';
import { nextTickText, scheduleText } from '../../../../cli/runs/schedule-text.ts';
import type { ControlAnswer } from '../../../../functions/control.ts';
import type { Status } from '../../../../functions/status.ts';
import { post } from '../live/api.ts';
import { useLive } from '../live/live.tsx';
import { Panel, type PanelProps } from './panel.tsx';
import { Preview, ScheduleFields } from './schedule-fields.tsx';
import { formOf, updateOf } from './schedule-form.ts';
import { useRequest } from './use-request.ts';

/** Changes X, the times and the pace of the active run. */
export function Change({ onClose, onDone, onLateError }: PanelProps) {
  const { view } = useLive();
  // The schedule as it was when the form was opened: what is not edited is not sent.
  const [run] = useState(() => view?.status as Status);
  const [form, setForm] = useState(() => formOf(run, Intl.DateTimeFormat().resolvedOptions().timeZone));
  const { isBusy, error, send } = useRequest(onLateError);
  const change = () =>
    send(async () => {
      const updated = await post<ControlAnswer>('control', updateOf(form, run));
      const next = nextTickText(updated);
      onDone(
        [
          `From the next tick on, the run ${updated.runId} has ${scheduleText(updated)}.`,
          ...(next ? [`The next tick is due ${next}.`] : []),
        ].join(' '),
      );
    });
  return (
    <Panel
      title="Change the run"
      action={isBusy ? 'Changing …' : 'Change'}
      {...{ isBusy, error, onClose }}
      onSubmit={() => void change()}
    >
      <ScheduleFields form={form} edit={(edited) => setForm({ ...form, ...edited })} />
      <Preview form={form} beginning="From the next tick on: " end="" />
    </Panel>
  );
}
