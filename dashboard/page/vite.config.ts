import { defineConfig } from 'vite';

export default defineConfig({
  root: import.meta.dirname,
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    target: 'es2022',
    // A data URL for scripts or styles would violate the content security policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
});
