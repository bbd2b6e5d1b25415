import type { ComponentChildren } from 'preact';

interface NumberFieldProps {
  label: string;
  value: string;
  onInput(value: string): void;
  min: number;
  max: number;
  isRequired?: boolean;
  isDisabled?: boolean;
  placeholder?: string;
  /** What follows the number, such as its unit. */
  children?: ComponentChildren;
}

/** A whole number. */
export function NumberField(props: NumberFieldProps) {
  const { label, value, onInput, isRequired = true, isDisabled = false, children, ...limits } = props;
  return (
    <label class="field">
      <span>{label}</span>
      <span class="with-unit">
        <input
          type="number"
          inputMode="numeric"
          step={1}
          {...limits}
          value={value}
          required={isRequired && !isDisabled}
          disabled={isDisabled}
          onInput={({ currentTarget }) => onInput(currentTarget.value)}
        />
        {children}
      </span>
    </label>
  );
}

interface ChoiceProps<Value extends string> {
  legend: string;
  /** The choices: value and words. */
  choices: readonly (readonly [Value, string])[];
  value: Value;
  onChange(value: Value): void;
}

/** One of a few choices. */
export function Choice<Value extends string>({ legend, choices, value, onChange }: ChoiceProps<Value>) {
  return (
    <fieldset class="choice">
      <legend>{legend}</legend>
      {choices.map(([each, words]) => (
        <label key={each}>
          <input type="radio" name={legend} checked={each === value} onChange={() => onChange(each)} />
          {words}
        </label>
      ))}
    </fieldset>
  );
}
