// Ports of this machine: whether one is free, and a free one.

import { randomInt } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { listen } from "./listening.mjs";
import { cache } from "./setup.mjs";

export { isFree, mustBeFree } from "./listening.mjs";

/** The ports that were given to processes of ours, each a file with the id of the process. */
const given = join(cache, "ports");
const mine = new Set();
process.on("exit", () => mine.forEach((file) => rmSync(file, { force: true })));

const lives = (pid) => {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return error.code === "EPERM";
  }
};

/** Who has a port; nothing while its file is being written, or if it has just been given back. */
function ownerOf(file) {
  try {
    return Number(readFileSync(file, "utf8"));
  } catch {
    return undefined;
  }
}

/**
 * Takes a port for this process; whether nobody has it. What a process took that has ended is free
 * again.
 */
function take(port) {
  const file = join(given, String(port));
  try {
    writeFileSync(file, String(process.pid), { flag: "wx" });
  } catch (error) {
    if (error.code !== "EEXIST") throw error;
    // Another one is drawn then: of two who find it abandoned at once, both might take it.
    const owner = ownerOf(file);
    if (owner && !lives(owner)) rmSync(file, { force: true });
    return false;
  }
  mine.add(file);
  return true;
}

/**
 * A port that nothing listens on. It lies below those that the system gives by itself (from 32768
 * on Linux, from 49152 elsewhere): no connection happens to get it before it is used. It is this
 * process's for as long as it lives, so that two who ask at once, and listen only later, get two.
 */
export async function freePort() {
  mkdirSync(given, { recursive: true });
  for (;;) {
    const port = randomInt(16_384, 32_768);
    try {
      if (take(port)) return await listen(port);
    } catch (error) {
      if (error.code !== "EADDRINUSE") throw error;
    }
  }
}
