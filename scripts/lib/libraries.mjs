// The health libraries of others that a test runs, in an environment of their own in the folder of tools.

import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { cache, step } from "./machine.mjs";
import { below, run } from "./run.mjs";

const requirements = below("tests", "wild", "libraries", "requirements.txt");
const folder = join(cache, `libraries-${createHash("sha256").update(readFileSync(requirements)).digest("hex").slice(0, 16)}`);

/** Where their packages are. */
export const LIBRARIES = join(folder, "packages");

/** Installs them if they are not there. */
export async function libraries() {
  if (existsSync(LIBRARIES)) return;
  await step("health libraries (once per machine)", async () => {
    const half = `${folder}.${process.pid}`;
    try {
      mkdirSync(half, { recursive: true });
      const python = join(half, "venv", "bin", "python");
      await run("python3", ["-m", "venv", join(half, "venv")]);
      const quiet = ["--quiet", "--disable-pip-version-check", "--no-compile"];
      await run(python, ["-m", "pip", "install", ...quiet, "--target", join(half, "packages"), "--requirement", requirements]);
      rmSync(join(half, "venv"), { recursive: true });
      renameSync(half, folder);
    } catch (error) {
      // Another checkout was first.
      if (!existsSync(LIBRARIES)) throw error;
    } finally {
      rmSync(half, { recursive: true, force: true });
    }
  });
}
