// npm packages of others that tests run, each set of pinned ones in the folder of tools.

import { createHash } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { cache, step } from "./machine.mjs";
import { below, run } from "./run.mjs";

/** The packages of a `package.json`. */
class Packages {
  constructor(what, ...file) {
    this.what = what;
    this.file = below(...file);
    const pinned = createHash("sha256").update(readFileSync(this.file)).digest("hex").slice(0, 16);
    this.folder = join(cache, `npm-${pinned}`);
    /** Where Node.js finds them, if it stands beside what imports them. */
    this.modules = join(this.folder, "node_modules");
  }

  /** Brings them, unless they are there. Nothing of theirs is run by that. */
  async bring() {
    if (existsSync(this.folder)) return;
    await step(`${this.what} (once per machine)`, () => this.#install());
  }

  async #install() {
    const half = `${this.folder}.${process.pid}`;
    try {
      mkdirSync(half, { recursive: true });
      copyFileSync(this.file, join(half, "package.json"));
      const quiet = ["--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock", "--loglevel=error"];
      await run("npm", ["install", "--prefix", half, ...quiet], { cwd: half });
      renameSync(half, this.folder);
    } catch (error) {
      // Another checkout was first.
      if (!existsSync(this.folder)) throw error;
    } finally {
      rmSync(half, { recursive: true, force: true });
    }
  }
}

/** Health libraries. */
export const healthPackages = new Packages("health libraries of npm", "tests", "wild", "libraries", "package.json");
