// `npm run build`, and the build command of wrangler: builds the worker and puts the compiled
// configuration beside it. `--bare` leaves the configuration out.
//
// A bad configuration stops the build, and so the deployment. `wrangler deploy` also refuses what
// the edge cannot reach.

import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { Stop, below, main } from "./lib/run.mjs";
import { deployable } from "./lib/deployment.mjs";
import { setup } from "./lib/setup.mjs";
import { buildWorker, compile, place } from "./lib/worker.mjs";

await main(async () => {
  const { values } = parseArgs({
    options: { out: { type: "string" }, features: { type: "string" }, plain: { type: "boolean" }, bare: { type: "boolean" } },
  });
  await setup();
  const out = values.out ?? "build";
  const built = { out, features: values.features, plain: values.plain };
  if (values.bare) return buildWorker(built);
  const file = resolve(process.env.VEDETTE_CONFIG || below("vedette.toml"));
  // wrangler says for which of its commands it builds.
  const deploy = ["deploy", "versions upload"].includes(process.env.WRANGLER_COMMAND);
  const { good, text, compiled } = deploy ? await deployable(file) : compile(file);
  if (!good) throw new Stop(text);
  if (text) console.log(text);
  await buildWorker(built);
  place(compiled, below(out));
});
