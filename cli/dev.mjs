// `vedette dev`: watches what a configuration names from this machine.

import { existsSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { mustBeFree } from "../scripts/lib/listening.mjs";
import { takeFolder } from "../scripts/lib/lock.mjs";
import { Stop, endWithParent, main } from "../scripts/lib/run.mjs";
import { runHere } from "./laptop.mjs";
import { compile } from "./program.mjs";
import { unwritable } from "./words.mjs";
import { mustSuitWrangler, wranglerOf } from "./wrangler.mjs";

/** The secrets that a compiled configuration names. */
export function secretsOf(value, within = "") {
  if (value === null || typeof value !== "object") return [];
  const found = Object.entries(value).flatMap(([key, one]) => {
    // A header field of this name holds what it says.
    const named = within !== "headers" && /(secrets?|_tokens)$/.test(key);
    if (named && typeof one === "string") return [one];
    if (named && Array.isArray(one)) return one.filter((name) => typeof name === "string");
    return secretsOf(one, Array.isArray(value) ? within : key);
  });
  return [...new Set(found)].sort();
}

/** The names that a file in the form of wrangler's .dev.vars sets. */
function setIn(file) {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, "utf8").split(/\r?\n/);
  return lines.map((line) => /^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=/.exec(line)?.[1]).filter(Boolean);
}

/** Says which secrets the worker will look for in vain; what needs them is not judged without. */
function nameMissing(compiled, secrets) {
  const set = setIn(secrets);
  const missing = secretsOf(JSON.parse(compiled).config).filter((name) => !set.includes(name));
  if (missing.length === 0) return;
  console.log(
    `Secrets are missing: write ${missing.map((name) => `${name}=…`).join(" and ")} into ${secrets}; what needs them reads unknown until then.`,
  );
}

/** Runs the command. */
export const dev = ({ file, port }) =>
  main(async () => {
    endWithParent();
    mustSuitWrangler("dev");
    const config = resolve(file);
    const folder = dirname(config);
    if (!existsSync(config)) throw new Stop(`There is no configuration at ${config}; vedette init makes one.`);
    if (port === 0) throw new Stop("--port 0 is no port; choose one from 1 to 65535.");
    await mustBeFree(port, "the worker", "--port");
    const state = resolve(process.env.VEDETTE_STATE || join(folder, ".vedette", "state"));
    const secrets = resolve(process.env.VEDETTE_SECRETS || join(folder, ".dev.vars"));
    const wrangler = wranglerOf(folder);
    const { good, text, compiled } = await compile(file);
    if (!good) throw new Stop(text);
    if (text) console.log(text);
    await unwritable(state, () => takeFolder(state));
    nameMissing(compiled, secrets);
    const logLevel = process.env.VEDETTE_LOG_LEVEL;
    await runHere({ config, port, state, secrets, node: process.execPath, wrangler, logLevel, compile }, compiled);
    console.log(`
  page      http://127.0.0.1:${port}/
  health    http://127.0.0.1:${port}/health

Ctrl-C ends it.`);
  });
