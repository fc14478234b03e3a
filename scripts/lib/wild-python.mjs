// Real Python servers, and what instruments them, in an environment of their own in the folder of tools: for tests/wild and the benchmark
// of restarts.

import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { cache, step } from "./machine.mjs";
import { Stop, below, run } from "./run.mjs";

const requirements = below("tests", "wild", "requirements.txt");
const folder = join(cache, `servers-${createHash("sha256").update(readFileSync(requirements)).digest("hex").slice(0, 16)}`);

/** The Python of that environment. What is installed there is run as a module: its scripts name the folder that it was made in. */
export const wildPython = join(folder, "bin", "python");

const usual = (code) => spawnSync("python3", ["-c", code]).status === 0;

/** Makes the environment, unless it is there as the pinned requirements say. */
export async function wildVenv() {
  if (existsSync(folder)) return;
  if (!usual("import sys; sys.exit(sys.version_info < (3, 10))") || !usual("import venv, ensurepip")) {
    throw new Stop("The real servers need Python 3.10 or newer with venv; install it (Debian: apt-get install python3 python3-venv).");
  }
  await step("real Python servers (once per machine)", async () => {
    const half = `${folder}.${process.pid}`;
    try {
      mkdirSync(cache, { recursive: true });
      await run("python3", ["-m", "venv", half]);
      await run(join(half, "bin", "python"), [
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--requirement",
        requirements,
      ]);
      renameSync(half, folder);
    } catch (error) {
      // Another checkout was first.
      if (!existsSync(folder)) throw error;
    } finally {
      rmSync(half, { recursive: true, force: true });
    }
  });
}
