// What `npm pack` does first: builds all that the package has beside its sources, into `build/`.

import { copyFileSync, mkdirSync } from "node:fs";
import { licences } from "./lib/licences.mjs";
import { below, main, run } from "./lib/run.mjs";
import { place } from "../cli/layout.mjs";
import { setup } from "./lib/setup.mjs";
import { buildCommandLine, buildWorker } from "./lib/worker.mjs";

/** The shells, and the names under which they look for what completes `vedette`. */
const SHELLS = { bash: "vedette.bash", elvish: "vedette.elv", fish: "vedette.fish", powershell: "_vedette.ps1", zsh: "_vedette" };

/** What the command line in wasm prints. */
const printed = (...args) => run(process.execPath, [below("cli", "vedette.mjs"), ...args]);

await main(async () => {
  await setup();
  await buildWorker();
  await buildCommandLine();
  for (const [shell, name] of Object.entries(SHELLS)) place(below("build", "completions", name), await printed("completions", shell));
  place(below("build", "vedette.schema.json"), await printed("schema"));
  place(below("build", "licences.txt"), licences());
  // npm packs no file of this name.
  copyFileSync(below("template", ".gitignore"), below("build", "gitignore"));
  // Where the tests have it packed; npm makes no folder for that.
  mkdirSync(below(".vedette", "package"), { recursive: true });
});
