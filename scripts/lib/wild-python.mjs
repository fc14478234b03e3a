// Real Python servers, and what instruments them, in an environment of their own: for tests/wild and the benchmark of restarts.

import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { spawnSync } from "node:child_process";
import { Stop, below, run } from "./run.mjs";

const folder = below(".vedette", "wild-venv");
const requirements = below("tests", "wild", "requirements.txt");

/** The Python of that environment. */
export const wildPython = below(".vedette", "wild-venv", "bin", "python");

const usual = (code) => spawnSync("python3", ["-c", code]).status === 0;

/** Makes the environment, unless it is there as the pinned requirements say. */
export async function wildVenv() {
  const stamp = `${folder}/stamp`;
  const wanted = createHash("sha256").update(readFileSync(requirements)).digest("hex");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) return;
  if (!usual("import sys; sys.exit(sys.version_info < (3, 10))") || !usual("import venv, ensurepip")) {
    throw new Stop("The real servers need Python 3.10 or newer with venv; install it (Debian: apt-get install python3 python3-venv).");
  }
  console.log("[setup] Python packages of real servers …");
  mkdirSync(below(".vedette"), { recursive: true });
  await run("python3", ["-m", "venv", "--clear", folder]);
  await run(wildPython, ["-m", "pip", "install", "--quiet", "--requirement", requirements]);
  writeFileSync(stamp, wanted);
}
