import { useEffect, useState } from 'preact/hooks';
import { Choice, NumberField } from './fields.tsx';
import { previewOf, type ScheduleForm } from './schedule-form.ts';

interface ScheduleFieldsProps {
  form: ScheduleForm;
  edit(change: Partial<ScheduleForm>): void;
}

/** X, Y or cron, and the pace. The limits are those of the control function, which decides. */
export function ScheduleFields({ form, edit }: ScheduleFieldsProps) {
  const { x, allItems, times, y, cron, timezone, pace } = form;
  return (
    <>
      <div class="row">
        <NumberField
          label="Jobs per tick (X)"
          {...{ value: x, min: 1, max: 1_000_000, isDisabled: allItems }}
          onInput={(x) => edit({ x })}
        />
        <label class="check">
          <input
            type="checkbox"
            checked={allItems}
            onChange={({ currentTarget }) => edit({ allItems: currentTarget.checked })}
          />
          all items of the list
        </label>
      </div>
      <Choice
        legend="Ticks"
        choices={
          [
            ['minutes', 'every Y minutes'],
            ['cron', 'at the times of a cron expression'],
          ] as const
        }
        value={times}
        onChange={(times) => edit({ times })}
      />
      {times === 'minutes' ? (
        <NumberField
          label="Minutes between ticks (Y)"
          {...{ value: y, min: 1, max: 1_440 }}
          onInput={(y) => edit({ y })}
        />
      ) : (
        <div class="row">
          <label class="field">
            <span>Cron expression</span>
            <input
              class="mono"
              value={cron}
              required
              maxLength={200}
              placeholder="0 6 * * 1-5"
              autocomplete="off"
              spellcheck={false}
              onInput={({ currentTarget }) => edit({ cron: currentTarget.value })}
            />
          </label>
          <label class="field">
            <span>Time zone</span>
            <input
              value={timezone}
              required
              maxLength={100}
              list="time-zones"
              autocomplete="off"
              spellcheck={false}
              onInput={({ currentTarget }) => edit({ timezone: currentTarget.value })}
            />
          </label>
          <datalist id="time-zones">
            {['UTC', ...Intl.supportedValuesOf('timeZone')].map((name) => (
              <option key={name} value={name} />
            ))}
          </datalist>
        </div>
      )}
      <Choice
        legend="Pace"
        choices={
          [
            ['burst', 'all at once'],
            ['even', 'spread evenly until the next tick'],
          ] as const
        }
        value={pace}
        onChange={(pace) => edit({ pace })}
      />
    </>
  );
}

/** What the form means. @param props.beginning before the schedule @param props.end after one with Y */
export function Preview({
  form,
  beginning = '',
  end,
}: {
  form: ScheduleForm;
  beginning?: string;
  end: string;
}) {
  const text = previewOf(form);
  const times = useCronTimes(form);
  return (
    <p class="preview" aria-live="polite">
      {text === undefined ? '' : `${beginning}${text}${form.times === 'minutes' ? end : ''}. `}
      {form.times === 'cron' && times && <span class="muted">{times}</span>}
    </p>
  );
}

/** How long the fields must rest before their times are worked out, in milliseconds. */
const REST_MS = 250;

/** The next times of the form's cron expression, or why it has none. What works them out is loaded on demand. */
function useCronTimes({ times, cron, timezone }: ScheduleForm): string | undefined {
  const [text, setText] = useState<string>();
  useEffect(() => {
    if (times !== 'cron' || cron.trim() === '') return setText(undefined);
    let isWanted = true;
    const timer = setTimeout(async () => {
      const { nextTimes } = await import('./cron-times.ts');
      let found: string;
      try {
        found = `Next: ${nextTimes(cron, timezone.trim() || 'UTC', 3, Date.now()).join(', ')}.`;
      } catch (error) {
        found = `${(error as Error).message}.`;
      }
      if (isWanted) setText(found);
    }, REST_MS);
    return () => {
      isWanted = false;
      clearTimeout(timer);
    };
  }, [times, cron, timezone]);
  return text;
}
