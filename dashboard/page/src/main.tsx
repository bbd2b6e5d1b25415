import { render } from 'preact';
import { takeToken } from './live/token.ts';
import { App } from './shell/app.tsx';
import './styles/base.css';

takeToken();
render(<App />, document.getElementById('app') as HTMLElement);
