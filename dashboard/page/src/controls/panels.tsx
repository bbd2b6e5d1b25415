import { Change } from './change.tsx';
import type { PanelProps } from './panel.tsx';
import { Scale } from './scale.tsx';
import { Start } from './start.tsx';
import { Stop } from './stop.tsx';
import { Verify } from './verify.tsx';

/** The names of the controls. */
export type ControlName = keyof typeof PANELS;

const PANELS = { Start, Change, Stop, Scale, Verify };

/** The form of a control. */
export default function PanelOf({ name, ...props }: PanelProps & { name: ControlName }) {
  const Form = PANELS[name];
  return <Form {...props} />;
}
