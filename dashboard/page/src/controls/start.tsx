import { useState } from 'preact/hooks';
import { nextTickText, scheduleText } from '../../../../cli/runs/schedule-text.ts';
import type { ControlAnswer } from '../../../../functions/control.ts';
import { ApiProblem, post } from '../live/api.ts';
import { useLive } from '../live/live.tsx';
import { NumberField } from './fields.tsx';
import { Panel, type PanelProps } from './panel.tsx';
import { Preview, ScheduleFields } from './schedule-fields.tsx';
import { formOf, type ScheduleForm, startOf } from './schedule-form.ts';
import { useRequest } from './use-request.ts';

/** Starts a run. The form begins with the schedule of the last one. */
export function Start({ onClose, onDone, onLateError }: PanelProps) {
  const { view } = useLive();
  const [form, setForm] = useState(() =>
    formOf(view?.status?.runId ? view.status : undefined, Intl.DateTimeFormat().resolvedOptions().timeZone),
  );
  const { isBusy, error, send } = useRequest(onLateError);
  const edit = (change: Partial<ScheduleForm>) => setForm({ ...form, ...change });
  const start = (replace: boolean) =>
    send(async () => {
      const started = await post<ControlAnswer>('control', startOf(form, replace));
      const next = nextTickText(started);
      onDone(
        [
          ...(started.replaced ? [`The run ${started.replaced} is stopped.`] : []),
          `The run ${started.runId} is started: ${scheduleText(started)}.`,
          ...(next ? [`The first tick is due ${next}.`] : []),
        ].join(' '),
      );
    });
  const isActive = error instanceof ApiProblem && error.problem.code === 'run_active';
  return (
    <Panel
      title="Start a run"
      action={isBusy ? 'Starting …' : 'Start'}
      {...{ isBusy, error, onClose }}
      buttons={
        isActive && (
          <button type="button" class="danger" onClick={() => void start(true)}>
            Replace the active run
          </button>
        )
      }
      onSubmit={() => void start(false)}
    >
      <ScheduleFields form={form} edit={edit} />
      <NumberField
        label="Fire ticks that are late by at most"
        {...{ value: form.backfillMinutes, min: 0, max: 10_080, isRequired: false, placeholder: 'default' }}
        onInput={(backfillMinutes) => edit({ backfillMinutes })}
      >
        minutes
      </NumberField>
      <Preview form={form} end=", the first tick now" />
    </Panel>
  );
}
