// `vedette deploy`: `wrangler deploy`, after everything that speaks against it has been said.

import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { Stop, main } from "../scripts/lib/run.mjs";
import { withoutBindings } from "./bindings.mjs";
import { compile } from "./program.mjs";
import { mustSuitWrangler, wranglerOf } from "./wrangler.mjs";

/** The wrangler.toml that the arguments name, or the project's. */
function wranglersFile(folder, args) {
  // All others are wrangler's to judge.
  const { values } = parseArgs({ args, options: { config: { type: "string", short: "c" } }, strict: false });
  return typeof values.config === "string" ? resolve(values.config) : join(folder, "wrangler.toml");
}

/** Runs the command. */
export const deploy = ({ file, arguments: args }) =>
  main(async () => {
    mustSuitWrangler("deploy");
    const config = resolve(file);
    const folder = dirname(config);
    const wranglers = wranglersFile(folder, args);
    if (!existsSync(wranglers)) throw new Stop(`There is no ${wranglers}, which says how the worker is deployed; vedette init makes one.`);
    const { good, text } = await compile(file, { deploy: true });
    const missing = withoutBindings(wranglers, "npx vedette deploy");
    if (!good || missing.length > 0) throw new Stop([text, ...missing, "Nothing was deployed."].filter(Boolean).join("\n"));
    // In the foreground of the terminal, since it may ask. Its build says what `text` says, once
    // more.
    const wrangler = wranglerOf(folder);
    const env = { ...process.env, VEDETTE_CONFIG: config };
    const child = spawn(process.execPath, [wrangler, "deploy", ...args], { cwd: folder, env, stdio: "inherit" });
    process.on("exit", () => child.kill());
    child.on("exit", (code) => process.exit(code ?? 1));
    await new Promise(() => {});
  });
