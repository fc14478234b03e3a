// `npm run dev`: the worker alone, in workerd through `wrangler dev`.
//
// VEDETTE_CONFIG (default vedette.toml), PORT (default 8787) and VEDETTE_STATE (default
// .vedette/state) choose what it runs; several at once do not disturb each other, because each has
// a folder of its own with a copy of what runs. An edit of the configuration is checked first: a
// good one reloads, a bad one is printed and the last good one stays.
//
// VEDETTE_FRONT names the wrangler.toml of a worker that is to stand in front of it, with a service
// binding to `vedette`: then that one answers at the port, as examples/follower does.

import { copyFileSync, cpSync, existsSync, mkdirSync, readdirSync, rmSync, watch, writeFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { Stop, below, end, endWithParent, isEnding, main, node22, root, start } from "./lib/run.mjs";
import { mustBeFree } from "./lib/ports.mjs";
import { takeFolder } from "./lib/lock.mjs";
import { setup } from "./lib/setup.mjs";
import { buildWorker, compile, place } from "./lib/worker.mjs";

const settings = {
  config: resolve(process.env.VEDETTE_CONFIG || below("vedette.toml")),
  port: Number(process.env.PORT || 8787),
  state: resolve(process.env.VEDETTE_STATE || below(".vedette", "state")),
  // The secrets of a laptop, in the form of wrangler's .dev.vars.
  secrets: resolve(process.env.VEDETTE_SECRETS || below(".dev.vars")),
  // Where the built worker is, for a test that runs a variant of it.
  build: resolve(process.env.VEDETTE_BUILD || below("build")),
  front: process.env.VEDETTE_FRONT && resolve(process.env.VEDETTE_FRONT),
};

/**
 * The deployment's configuration for a laptop: objects and rules of wrangler.toml, no build
 * command, no routes.
 */
function wranglerConfig() {
  return {
    name: "vedette",
    main: "entry.mjs",
    compatibility_date: "2026-11-01",
    compatibility_flags: ["enable_request_signal"],
    no_bundle: false,
    // A laptop is never counted, unless a test wants to see what a deployment does.
    vars: process.env.VEDETTE_AS_DEPLOYED ? {} : { VEDETTE_LOCAL: "1" },
    durable_objects: {
      bindings: [
        { name: "VANTAGE", class_name: "Vantage" },
        { name: "ARBITER", class_name: "Arbiter" },
      ],
    },
    kv_namespaces: [{ binding: "SNAPSHOTS", id: "snapshots" }],
    migrations: [{ tag: "v1", new_sqlite_classes: ["Vantage", "Arbiter"] }],
    triggers: { crons: ["* * * * *"] },
  };
}

/** Lays out this instance's own copy of what runs. */
function layOut(folder, compiled) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  // A configuration belongs to its instance, and another build may be placing one at this moment.
  const filter = (file) => !basename(file).startsWith("config.txt");
  cpSync(settings.build, join(folder, "build"), { recursive: true, filter });
  for (const file of readdirSync(root).filter((file) => file.endsWith(".mjs"))) copyFileSync(below(file), join(folder, file));
  writeFileSync(join(folder, "wrangler.json"), JSON.stringify(wranglerConfig(), null, 2));
  if (existsSync(settings.secrets)) copyFileSync(settings.secrets, join(folder, ".dev.vars"));
  place(compiled, join(folder, "build"));
}

/** Checks the configuration whenever it is edited and takes it over if it is good. */
function reloadOnEdit(folder) {
  let timer;
  // The folder is watched, not the file: editors replace a file by another one.
  watch(dirname(settings.config), (_, name) => {
    if (name !== basename(settings.config)) return;
    clearTimeout(timer);
    timer = setTimeout(() => {
      const { good, text, compiled } = compile(settings.config);
      if (good) {
        place(compiled, join(folder, "build"));
        console.log("[vedette] the configuration was edited: reloading");
        if (text) console.log(text);
      } else {
        console.error(`${text}\n[vedette] the edited configuration is not good: the last good one stays`);
      }
    }, 100);
  });
}

/** Whether the worker answers; of one that stands in front of it any answer will do. */
async function answers(url) {
  try {
    const { status } = await fetch(`${url}/livez`, { signal: AbortSignal.timeout(2000) });
    return status === 200 || settings.front;
  } catch {
    return false;
  }
}

await main(async () => {
  endWithParent();
  if (!Number.isInteger(settings.port) || settings.port < 1 || settings.port > 65535)
    throw new Stop(`PORT is ${process.env.PORT}; it must be a whole number from 1 to 65535.`);
  if (!existsSync(settings.config)) throw new Stop(`There is no configuration at ${settings.config}; set VEDETTE_CONFIG.`);
  await mustBeFree(settings.port, "the worker", "PORT");
  takeFolder(settings.state);
  // Who brings a build has set up what made it.
  if (!process.env.VEDETTE_BUILD) {
    await setup();
    await buildWorker();
  }
  const { good, text, compiled } = compile(settings.config);
  if (!good && !process.env.VEDETTE_ALLOW_BAD_CONFIG) throw new Stop(text);
  if (text) console.log(text);

  const folder = join(settings.state, "worker");
  layOut(folder, compiled);
  const wrangler = below("node_modules", "wrangler", "bin", "wrangler.js");
  const args = ["dev", ...(settings.front ? ["--config", settings.front] : [])];
  args.push("--config", join(folder, "wrangler.json"), "--local", "--ip", "127.0.0.1");
  args.push("--port", String(settings.port), "--inspector-port", "0", "--persist-to", join(settings.state, "data"));
  args.push("--show-interactive-dev-session=false", "--log-level", process.env.VEDETTE_LOG_LEVEL || "log");
  const quiet = {
    WRANGLER_SEND_METRICS: "false",
    WRANGLER_SEND_ERROR_REPORTS: "false",
    WRANGLER_HIDE_BANNER: "true",
    CLOUDFLARE_CF_FETCH_ENABLED: "false",
    WRANGLER_NO_SKILLS_UPDATE_PROMPTS: "1",
  };
  const child = start(node22, [wrangler, ...args], {
    cwd: folder,
    env: { ...process.env, ...quiet },
    stdio: ["ignore", "inherit", "inherit"],
  });
  child.on("exit", (code) => {
    if (isEnding()) return;
    console.error(`[vedette] wrangler ended (${code})`);
    process.exit(code || 1);
  });
  reloadOnEdit(folder);

  const url = `http://127.0.0.1:${settings.port}`;
  const deadline = Date.now() + 60_000;
  while (!(await answers(url))) {
    if (Date.now() > deadline) {
      await end(child);
      throw new Stop("The worker did not answer within a minute; see the lines above.");
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  console.log(`vedette listens on ${url}`);
  // The platform fires cron each minute; `wrangler dev` does not, so this does. The first time arms
  // the watch.
  const cron = () =>
    fetch(`${url}/cdn-cgi/local/scheduled?cron=*+*+*+*+*`)
      .then((answer) => answer.text())
      .catch(() => {});
  await cron();
  setInterval(cron, 60_000);
});
