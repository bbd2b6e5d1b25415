#!/usr/bin/env node
// The entry point is plain JavaScript, because in a fresh clone the dependencies, and with them tsx, are not installed yet.

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  process.stderr.write(`Drumline needs Node.js 20.19 or newer; this is ${process.versions.node}.\n`);
  process.exit(1);
}

const { ensureDependencies } = await import('../local/dependencies.mjs');
await ensureDependencies();

// The warning is about future versions of the SDK. Drumline pins its versions, and the warning would clutter the output.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';

const { register } = await import('tsx/esm/api');
register();
const { runCommandLine } = await import('./program.ts');
await runCommandLine(process.argv.slice(2));
