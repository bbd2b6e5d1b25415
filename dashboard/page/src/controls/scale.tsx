import { useRef, useState } from 'preact/hooks';
import { changeText, scaledText } from '../../../../cli/runs/scaling-text.ts';
import { ruleText } from '../../../../cli/terminal/format.ts';
import { DRAIN_WITHIN_SECONDS, isFixed, MAX_WORKERS } from '../../../../functions/core/model/scaling.ts';
import type { Status } from '../../../../functions/status.ts';
import { post } from '../live/api.ts';
import { useLive } from '../live/live.tsx';
import { Choice, NumberField } from './fields.tsx';
import { Panel, type PanelProps } from './panel.tsx';
import { ruleOf, type ScaleForm, scaleFormOf, scaleOf, stepped } from './scale-form.ts';
import { useRequest } from './use-request.ts';

/** Sets the number of workers, or a minimum and a maximum. It stays open, so that one can go on with + and −. */
export function Scale({ onClose, onDone, onLateError }: PanelProps) {
  const { about, view } = useLive();
  const status = view?.status as Status;
  const [form, setForm] = useState(() => scaleFormOf(status));
  const [asked, setAsked] = useState<{ form: ScaleForm; from: Status['concurrency'] }>();
  const { isBusy, error, send } = useRequest(onLateError);
  const limit = about?.maxWorkers ?? MAX_WORKERS;
  const edit = (change: Partial<ScaleForm>) => setForm((before) => ({ ...before, ...change }));
  const scale = () =>
    send(async () => {
      const rule = ruleOf(form);
      const from = status.concurrency;
      setAsked({ form, from });
      onDone(scaledText(rule, from, await post<Status>('control', scaleOf(form))));
    });
  return (
    <Panel
      title="Scale"
      action={isBusy ? 'Scaling …' : 'Scale'}
      close="Close"
      {...{ isBusy, error, onClose }}
      onSubmit={() => void scale()}
    >
      <Choice
        legend="Workers"
        choices={
          [
            ['fixed', 'a fixed number'],
            ['range', 'scale between a minimum and a maximum'],
          ] as const
        }
        value={form.kind}
        onChange={(kind) => edit({ kind })}
      />
      {form.kind === 'fixed' ? (
        <div class="row">
          <Steps
            name="workers"
            value={form.workers}
            limit={limit}
            onChange={(workers) => edit({ workers })}
          />
        </div>
      ) : (
        <div class="row">
          <Steps name="minimum" value={form.min} limit={limit} onChange={(min) => edit({ min })} />
          <Steps name="maximum" value={form.max} limit={limit} onChange={(max) => edit({ max })} />
          <NumberField
            label="Drain within"
            value={form.drainWithinSeconds}
            {...DRAIN_WITHIN_SECONDS}
            isRequired={false}
            placeholder="automatic"
            onInput={(drainWithinSeconds) => edit({ drainWithinSeconds })}
          >
            seconds
          </NumberField>
        </div>
      )}
      {form.kind === 'range' && (
        <p class="muted">
          A tick’s jobs should be done within this time; within half of the time between two ticks unless
          given.
        </p>
      )}
      <p class="preview" aria-live="polite">
        {isBusy && asked ? progressText(asked) : stateText(status)}
      </p>
    </Panel>
  );
}

/** While a change is under way. The number of a rule with a minimum and a maximum is not known before. */
function progressText({ form, from }: { form: ScaleForm; from: Status['concurrency'] }): string {
  const rule = ruleOf(form);
  return `Changing ${isFixed(rule) ? changeText(from, rule.max) : `to ${ruleText(rule)}`} …`;
}

/** What the autoscaler does about the rule in force. */
function stateText({ scaling: { rule, state, decision } }: Status): string {
  if (!rule || state === 'settled') return '';
  if (state === 'changing') return `Changing to ${ruleText(rule)} …`;
  return `Not scaled to ${decision?.to ?? ruleText(rule)}: ${decision?.problem ?? ''} The autoscaler tries again every minute.`;
}

interface StepsProps {
  name: 'workers' | 'minimum' | 'maximum';
  value: string;
  limit: number;
  onChange(value: string): void;
}

const LABELS = { workers: 'Workers', minimum: 'Minimum', maximum: 'Maximum' };

/** A number with buttons for one less and one more. */
function Steps({ name, value, limit, onChange }: StepsProps) {
  const group = useRef<HTMLDivElement>(null);
  return (
    <div class="steps" ref={group}>
      <button
        type="button"
        aria-label={`One less: ${name}`}
        onClick={() => onChange(stepped(value, -1, limit))}
      >
        −
      </button>
      <NumberField label={LABELS[name]} {...{ value, min: 1, max: limit }} onInput={onChange} />
      <button
        type="button"
        aria-label={`One more: ${name}`}
        onClick={() => onChange(stepped(value, 1, limit))}
      >
        +
      </button>
    </div>
  );
}
