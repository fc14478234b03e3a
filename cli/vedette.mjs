#!/usr/bin/env node
// The command line of the npm package.

const [major] = process.versions.node.split(".").map(Number);
if (major < 20) {
  console.error(`vedette needs Node.js 20 or newer, this is ${process.versions.node}; install a newer one.`);
  process.exit(2);
}

const { run } = await import("./program.mjs");
const { code, asked } = await run(process.argv.slice(2));
if (asked) {
  const { [asked.name]: command } = await import(`./${asked.name}.mjs`);
  await command(asked.settings);
} else {
  process.exitCode = code;
}
