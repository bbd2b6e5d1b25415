import { useState } from 'preact/hooks';

const KEY = 'drumline-theme';
const THEMES = ['system', 'light', 'dark'] as const;
type Theme = (typeof THEMES)[number];

/** Applies the theme that was chosen last. Call it before the first paint. */
export function applyTheme(theme: Theme = storedTheme()): void {
  if (theme === 'system') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}

function storedTheme(): Theme {
  const stored = localStorage.getItem(KEY);
  return THEMES.find((theme) => theme === stored) ?? 'system';
}

/** Chooses between the system's theme, light and dark. */
export function ThemeChoice() {
  const [theme, setTheme] = useState(storedTheme);
  return (
    <label class="choice">
      <span class="visually-hidden">Theme</span>
      <select
        value={theme}
        onChange={({ currentTarget }) => {
          const chosen = currentTarget.value as Theme;
          localStorage.setItem(KEY, chosen);
          applyTheme(chosen);
          setTheme(chosen);
        }}
      >
        {THEMES.map((name) => (
          <option key={name} value={name}>
            {`${name.charAt(0).toUpperCase()}${name.slice(1)}`}
          </option>
        ))}
      </select>
    </label>
  );
}
