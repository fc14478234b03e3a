// What every step of the set-up needs of this machine: where its tools are kept, whether a command
// works, and who may install.

import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { spawnSync } from "node:child_process";
import { root } from "./run.mjs";

/** The folder of tools that are built once per machine. */
export const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "vedette");

/** Runs a step with a line when it begins to take time and one when it is done. */
export async function step(what, work) {
  const begun = Date.now();
  console.log(`[setup] ${what} …`);
  await work();
  console.log(`[setup] ${what}: done in ${((Date.now() - begun) / 1000).toFixed(1)} s`);
}

/** The folder of tools for what a file pins: another one for each state of the file. */
export function pinnedBy(file, kind) {
  const pinned = createHash("sha256").update(readFileSync(file)).digest("hex").slice(0, 16);
  return join(cache, `${kind}-${pinned}`);
}

/** Has `make` fill a folder that is there whole or not at all, whoever else makes it meanwhile. */
export async function wholly(folder, make) {
  const half = `${folder}.${process.pid}`;
  try {
    mkdirSync(half, { recursive: true });
    await make(half);
    renameSync(half, folder);
  } catch (error) {
    // Another checkout was first.
    if (!existsSync(folder)) throw error;
  } finally {
    rmSync(half, { recursive: true, force: true });
  }
}

/** What a command prints, or nothing if it cannot be run. */
export const output = (command, args) => {
  const { status, stdout } = spawnSync(command, args, { encoding: "utf8", cwd: root });
  return status === 0 ? stdout.trim() : undefined;
};

export const works = (command, args) => output(command, args) !== undefined;

/** What runs a command as root; nothing where that needs a password. */
export function asRoot() {
  if (process.getuid?.() === 0) return [];
  return works("sudo", ["--non-interactive", "true"]) ? ["sudo", "--non-interactive"] : undefined;
}
