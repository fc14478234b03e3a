// npm packages of others that tests run, each set of pinned ones in the folder of tools.

import { copyFileSync, existsSync } from "node:fs";
import { join } from "node:path";
import { pinnedBy, step, wholly } from "./machine.mjs";
import { below, run } from "./run.mjs";
import { npm } from "./system.mjs";

const QUIET = ["--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock", "--loglevel=error"];

/** The packages of a `package.json`. */
class Packages {
  constructor(what, ...file) {
    this.what = what;
    this.file = below(...file);
    this.folder = pinnedBy(this.file, "npm");
    /** Where Node.js finds them, if it stands beside what imports them. */
    this.modules = join(this.folder, "node_modules");
  }

  /** Brings them, unless they are there. Nothing of theirs is run by that. */
  async bring() {
    if (existsSync(this.folder)) return;
    await step(`${this.what} (once per machine)`, () => wholly(this.folder, (half) => this.#install(half)));
  }

  async #install(half) {
    copyFileSync(this.file, join(half, "package.json"));
    await run(...npm(["install", "--prefix", half, ...QUIET]), { cwd: half });
  }
}

/** Health libraries. */
export const healthPackages = new Packages("health libraries of npm", "tests", "wild", "libraries", "package.json");
