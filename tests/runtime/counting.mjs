// A build whose Arbiter says in the log what it is asked for, so that a test can count it.

import { cpSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root } from "./lib.mjs";

/** Stands between `entry.mjs` and the wasm worker. */
const counting = `
export * from "./real.js";
import * as real from "./real.js";

export class Arbiter {
  constructor(state, env) {
    this.inner = new real.Arbiter(state, env);
  }
  fetch(request) {
    console.log(JSON.stringify({ asked: new URL(request.url).pathname }));
    return this.inner.fetch(request);
  }
  alarm() {
    return this.inner.alarm();
  }
}
`;

/** A folder with that build; the caller removes it. */
export function countingBuild() {
  const folder = mkdtempSync(join(tmpdir(), "vedette-counting-"));
  cpSync(join(root, "build"), folder, { recursive: true });
  renameSync(join(folder, "index.js"), join(folder, "real.js"));
  writeFileSync(join(folder, "index.js"), counting);
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** How often the Arbiter of such a worker was asked for something. */
export const asked = (worker, path) => worker.said().split(`{"asked":"/${path}`).length - 1;
