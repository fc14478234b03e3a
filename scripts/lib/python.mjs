// Python packages of others that tests and benchmarks run, each set of pinned ones in an
// environment of its own in the folder of tools.

import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { cache, step, works } from "./machine.mjs";
import { Stop, below, run } from "./run.mjs";

/** The packages of a requirements file. */
class Environment {
  constructor(what, ...requirements) {
    this.what = what;
    this.requirements = below(...requirements);
    const pinned = createHash("sha256").update(readFileSync(this.requirements)).digest("hex").slice(0, 16);
    this.folder = join(cache, `python-${pinned}`);
    /**
     * Its Python. What is installed there is run as a module: its scripts name the folder that it
     * was made in.
     */
    this.python = join(this.folder, "bin", "python");
  }

  /** Makes the environment, unless it is there. */
  async bring() {
    if (existsSync(this.folder)) return;
    const isNew = works("python3", ["-c", "import sys; sys.exit(sys.version_info < (3, 10))"]);
    if (!isNew || !works("python3", ["-c", "import venv, ensurepip"]))
      throw new Stop(`The ${this.what} need Python 3.10 or newer with venv; install it (Debian: apt-get install python3 python3-venv).`);
    await step(`${this.what} (once per machine)`, () => this.#install());
  }

  async #install() {
    const half = `${this.folder}.${process.pid}`;
    try {
      mkdirSync(cache, { recursive: true });
      await run("python3", ["-m", "venv", half]);
      const quiet = ["--quiet", "--disable-pip-version-check"];
      await run(join(half, "bin", "python"), ["-m", "pip", "install", ...quiet, "--requirement", this.requirements]);
      renameSync(half, this.folder);
    } catch (error) {
      // Another checkout was first.
      if (!existsSync(this.folder)) throw error;
    } finally {
      rmSync(half, { recursive: true, force: true });
    }
  }
}

/** Real servers, and what instruments them. */
export const realServers = new Environment("real Python servers", "tests", "wild", "requirements.txt");

/** Health libraries. */
export const healthLibraries = new Environment("health libraries", "tests", "wild", "libraries", "requirements.txt");
