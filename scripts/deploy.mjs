// `npm run deploy -- ARGUMENTS`: `wrangler deploy ARGUMENTS`, after everything that speaks against
// it has been said.

import { spawnSync } from "node:child_process";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { WRANGLER, deployable } from "./lib/deployment.mjs";
import { Stop, below, main, node22, root } from "./lib/run.mjs";
import { setup } from "./lib/setup.mjs";

await main(async () => {
  await setup();
  const args = process.argv.slice(2);
  const options = { config: { type: "string", short: "c" } };
  // All others are wrangler's to judge.
  const { values } = parseArgs({ args, options, strict: false });
  const wranglers = typeof values.config === "string" ? resolve(values.config) : WRANGLER;
  const { good, text } = await deployable(resolve(process.env.VEDETTE_CONFIG || below("vedette.toml")), wranglers);
  if (!good) throw new Stop(`${text}\nNothing was deployed.`);
  // In the foreground of the terminal, since it may ask. Its build says what `text` says, once
  // more.
  const wrangler = below("node_modules", "wrangler", "bin", "wrangler.js");
  const { status } = spawnSync(node22, [wrangler, "deploy", ...args], { cwd: root, stdio: "inherit" });
  process.exit(status ?? 1);
});
