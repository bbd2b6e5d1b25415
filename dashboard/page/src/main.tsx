import { render } from 'preact';
import { takeToken } from './live/token.ts';
import { App } from './shell/app.tsx';
import { applyTheme } from './shell/theme.tsx';
import './styles/base.css';

takeToken();
applyTheme();
render(<App />, document.getElementById('app') as HTMLElement);
