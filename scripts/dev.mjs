// `npm run dev`: the worker alone, in workerd through `wrangler dev`.
//
// VEDETTE_CONFIG (default vedette.toml), PORT (default 8787) and VEDETTE_STATE (default
// .vedette/state) choose what it runs; several at once do not disturb each other, because each has
// a folder of its own with a copy of what runs. An edit of the configuration is checked first: a
// good one reloads, a bad one is printed and the last good one stays.
//
// VEDETTE_FRONT names the wrangler.toml of a worker that is to stand in front of it, with a service
// binding to `vedette`: then that one answers at the port, as examples/follower does.

import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { runHere } from "../cli/laptop.mjs";
import { Stop, below, endWithParent, main, node22 } from "./lib/run.mjs";
import { mustBeFree } from "./lib/ports.mjs";
import { takeFolder } from "./lib/lock.mjs";
import { setup } from "./lib/setup.mjs";
import { buildWorker, compile } from "./lib/worker.mjs";

const settings = {
  config: resolve(process.env.VEDETTE_CONFIG || below("vedette.toml")),
  port: Number(process.env.PORT || 8787),
  state: resolve(process.env.VEDETTE_STATE || below(".vedette", "state")),
  // The secrets of a laptop, in the form of wrangler's .dev.vars.
  secrets: resolve(process.env.VEDETTE_SECRETS || below(".dev.vars")),
  // Where the built worker is, for a test that runs a variant of it.
  build: resolve(process.env.VEDETTE_BUILD || below("build")),
  front: process.env.VEDETTE_FRONT ? resolve(process.env.VEDETTE_FRONT) : undefined,
  asDeployed: Boolean(process.env.VEDETTE_AS_DEPLOYED),
  limiters: Boolean(process.env.VEDETTE_LIMITERS),
  logLevel: process.env.VEDETTE_LOG_LEVEL,
  node: node22,
  wrangler: below("node_modules", "wrangler", "bin", "wrangler.js"),
  compile,
};

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
  await runHere(settings, compiled);
});
