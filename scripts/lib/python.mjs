// Python packages of others that tests and benchmarks run, each set of pinned ones in an
// environment of its own in the folder of tools.

import { existsSync } from "node:fs";
import { pinnedBy, step, wholly, works } from "./machine.mjs";
import { Stop, below, run } from "./run.mjs";
import { pythonCommand, pythonOf } from "./system.mjs";

/** The packages of a requirements file. */
class Environment {
  constructor(what, ...requirements) {
    this.what = what;
    this.requirements = below(...requirements);
    this.folder = pinnedBy(this.requirements, "python");
    /**
     * Its Python. What is installed there is run as a module: its scripts name the folder that it
     * was made in.
     */
    this.python = pythonOf(this.folder);
  }

  /** Whether it is there, or this machine's Python is new enough for it. */
  isToBeHad() {
    return existsSync(this.folder) || works(pythonCommand(), ["-c", "import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))"]);
  }

  /** Makes the environment, unless it is there. */
  async bring() {
    if (existsSync(this.folder)) return;
    if (!this.isToBeHad())
      throw new Stop(`The ${this.what} need Python 3.10 or newer with venv; install it (Debian: apt-get install python3 python3-venv).`);
    await step(`${this.what} (once per machine)`, () => wholly(this.folder, (half) => this.#install(half)));
  }

  async #install(half) {
    await run(pythonCommand(), ["-m", "venv", half]);
    const quiet = ["--quiet", "--disable-pip-version-check"];
    await run(pythonOf(half), ["-m", "pip", "install", ...quiet, "--requirement", this.requirements]);
  }
}

/** Real servers, and what instruments them. */
export const realServers = new Environment("real Python servers", "tests", "wild", "requirements.txt");

/** Health libraries. */
export const healthLibraries = new Environment("health libraries", "tests", "wild", "libraries", "requirements.txt");

/** What asks the API by its description. */
export const schemathesis = new Environment("askers of the API", "tests", "runtime", "api", "requirements.txt");
