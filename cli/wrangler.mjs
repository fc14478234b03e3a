// wrangler, which runs and deploys the worker: where it is, and what it is held to.

import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { Stop } from "../scripts/lib/run.mjs";
import { home } from "./layout.mjs";

/** The oldest Node.js that wrangler runs on. */
const OLDEST = [22, 12];

/** Refuses a Node.js that wrangler does not run on. */
export function mustSuitWrangler(command, version = process.versions.node) {
  const [major, minor] = version.split(".").map(Number);
  const [oldestMajor, oldestMinor] = OLDEST;
  if (major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)) return;
  throw new Stop(
    `vedette ${command} needs Node.js ${OLDEST.join(".")} or newer, because wrangler does, and this is ${version}; install a newer one.`,
  );
}

/** The folders from `folder` to the root. */
function above(folder) {
  const parent = dirname(folder);
  return parent === folder ? [folder] : [folder, ...above(parent)];
}

/** The program of wrangler, as the project has it, or else the package. */
export function wranglerOf(folder) {
  const found = [...above(resolve(folder)), ...above(home)]
    .map((folder) => join(folder, "node_modules", "wrangler", "bin", "wrangler.js"))
    .find((file) => existsSync(file));
  if (!found) throw new Stop("wrangler, which runs and deploys the worker, is missing; run npm install --save-dev wrangler.");
  return found;
}

/** What keeps wrangler from asking others for anything. */
export const QUIET = {
  WRANGLER_SEND_METRICS: "false",
  WRANGLER_SEND_ERROR_REPORTS: "false",
  WRANGLER_HIDE_BANNER: "true",
  CLOUDFLARE_CF_FETCH_ENABLED: "false",
  WRANGLER_NO_SKILLS_UPDATE_PROMPTS: "1",
};
