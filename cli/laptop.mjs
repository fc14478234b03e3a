// The worker on a laptop: in workerd through `wrangler dev`, reloaded when its configuration is
// edited, and woken each minute as the platform would.

import { copyFileSync, existsSync, mkdirSync, rmSync, watch, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { Stop, end, isEnding, start } from "../scripts/lib/run.mjs";
import { layOut, place } from "./layout.mjs";
import { QUIET } from "./wrangler.mjs";

/**
 * What of this machine a worker runs with: `config` is its file, `state` its folder, `secrets` a
 * file in the form of wrangler's .dev.vars, `build` the folder of the built worker. `compile` makes
 * `{ good, text, compiled }` of a file. `wrangler` is run by `node`. With `front`, a wrangler.toml,
 * another worker answers at the port, with a service binding to this one.
 * @typedef {{ config: string, port: number, state: string, secrets: string, build?: string,
 *   front?: string, node: string, wrangler: string, asDeployed?: boolean, limiters?: boolean,
 *   logLevel?: string, compile: (file: string) => any }} Laptop
 */

/**
 * The deployment's configuration for a laptop: objects and rules of wrangler.toml, no build
 * command, no routes.
 */
function wranglerConfig({ asDeployed, limiters }) {
  return {
    name: "vedette",
    main: "entry.mjs",
    compatibility_date: "2026-11-01",
    compatibility_flags: ["enable_request_signal"],
    no_bundle: false,
    // A laptop is never counted, unless a test wants to see what a deployment does.
    vars: asDeployed ? {} : { VEDETTE_LOCAL: "1" },
    durable_objects: {
      bindings: [
        { name: "VANTAGE", class_name: "Vantage" },
        { name: "ARBITER", class_name: "Arbiter" },
      ],
    },
    kv_namespaces: [{ binding: "SNAPSHOTS", id: "snapshots" }],
    // What the platform counts by address and by writer, where a test wants to see that.
    ratelimits: limiters
      ? ["FAILURES", "WRITES"].map((name, n) => ({ name, namespace_id: String(1001 + n), simple: { limit: 5, period: 60 } }))
      : [],
    migrations: [{ tag: "v1", new_sqlite_classes: ["Vantage", "Arbiter"] }],
    triggers: { crons: ["* * * * *"] },
  };
}

/** Checks the configuration whenever it is edited and takes it over if it is good. */
function reloadOnEdit({ config, compile }, folder) {
  let timer;
  const reload = async () => {
    const { good, text, compiled } = await compile(config);
    if (good) {
      place(join(folder, "build", "config.txt"), compiled);
      console.log("[vedette] the configuration was edited: reloading");
      if (text) console.log(text);
    } else {
      console.error(`${text}\n[vedette] the edited configuration is not good: the last good one stays`);
    }
  };
  // The folder is watched, not the file: editors replace a file by another one.
  watch(dirname(config), (_, name) => {
    if (name !== basename(config)) return;
    clearTimeout(timer);
    timer = setTimeout(reload, 100);
  });
}

/** What wrangler reads of a laid out worker: its configuration and its secrets. */
export const [SETTINGS, SECRETS] = ["wrangler.json", ".dev.vars"];

/** Whether the worker answers; of one that stands in front of it any answer will do. */
async function answers(url, front) {
  try {
    const { status } = await fetch(`${url}/livez`, { signal: AbortSignal.timeout(2000) });
    return status === 200 || front !== undefined;
  } catch {
    return false;
  }
}

function startWrangler({ port, state, front, node, wrangler, logLevel }, folder) {
  const args = ["dev", ...(front ? ["--config", front] : [])];
  args.push("--config", join(folder, SETTINGS), "--local", "--ip", "127.0.0.1");
  args.push("--port", String(port), "--inspector-port", "0", "--persist-to", join(state, "data"));
  args.push("--show-interactive-dev-session=false", "--log-level", logLevel || "log");
  const child = start(node, [wrangler, ...args], {
    cwd: folder,
    env: { ...process.env, ...QUIET },
    stdio: ["ignore", "inherit", "inherit"],
  });
  child.on("exit", (code) => {
    if (isEnding()) return;
    console.error(`[vedette] wrangler ended (${code})`);
    process.exit(code || 1);
  });
  return child;
}

/**
 * Lays out the worker with `compiled` in a folder of its own, with what wrangler reads beside it;
 * the folder.
 * @param {Laptop} laptop @param {string} compiled
 */
export function layOutHere(laptop, compiled) {
  const folder = join(laptop.state, "worker");
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  layOut({ folder, build: laptop.build, compiled });
  writeFileSync(join(folder, SETTINGS), JSON.stringify(wranglerConfig(laptop), null, 2));
  if (existsSync(laptop.secrets)) copyFileSync(laptop.secrets, join(folder, SECRETS));
  return folder;
}

/**
 * Wakes the worker at `url` now and each minute, as the platform does and `wrangler dev` does not;
 * comes back once it was woken, with what ends it.
 * @param {string} url
 */
export async function wakeEachMinute(url) {
  const wake = () =>
    fetch(`${url}/cdn-cgi/local/scheduled?cron=*+*+*+*+*`)
      .then((answer) => answer.text())
      .catch(() => {});
  await wake();
  const waking = setInterval(wake, 60_000);
  return () => clearInterval(waking);
}

/**
 * Runs the worker with `compiled` until this process ends; comes back once it answers.
 * @param {Laptop} laptop @param {string} compiled
 */
export async function runHere(laptop, compiled) {
  const folder = layOutHere(laptop, compiled);
  const child = startWrangler(laptop, folder);
  reloadOnEdit(laptop, folder);
  const url = `http://127.0.0.1:${laptop.port}`;
  const deadline = Date.now() + 60_000;
  while (!(await answers(url, laptop.front))) {
    if (Date.now() > deadline) {
      await end(child);
      throw new Stop("The worker did not answer within a minute; see the lines above.");
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  console.log(`vedette listens on ${url}`);
  await wakeEachMinute(url);
}
