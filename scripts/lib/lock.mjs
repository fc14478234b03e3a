// One instance for each state folder: two that write the same storage silence each other for good.

import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Stop } from "./run.mjs";

/**
 * When a process began, in the clock of the system: its number alone may be another one's by now.
 * Nothing if it does not run.
 */
function born(pid) {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1).split(" ");
    return fields[0] === "Z" ? undefined : fields[19];
  } catch {
    try {
      // Where there is no such file, a process that can be signalled runs.
      process.kill(pid, 0);
      return process.platform === "linux" ? undefined : "unknown";
    } catch {
      return undefined;
    }
  }
}

/** Whether the process that wrote a lock still runs. */
function holds(text) {
  const [, pid, since] = text.match(/^(\d+) (\S+)\n$/) ?? [];
  const now = pid && born(Number(pid));
  return now !== undefined && now === since ? Number(pid) : undefined;
}

/**
 * Takes a state folder for this process, until it ends.
 *
 * Throws a `Stop` that names the folder and the way out if another instance has it. What a process
 * has left that is gone counts for nothing.
 */
export function takeFolder(folder) {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, "running");
  const half = `${file}.${process.pid}`;
  writeFileSync(half, `${process.pid} ${born(process.pid)}\n`);
  for (;;) {
    try {
      // Whoever reads it finds all of it.
      linkSync(half, file);
      break;
    } catch (error) {
      if (error.code !== "EEXIST") throw error;
      const other = holds(readOrNothing(file));
      if (other !== undefined) {
        rmSync(half, { force: true });
        throw new Stop(
          `The state folder ${folder} is in use by another instance (process ${other}). End that one, or give this one a folder of its own: VEDETTE_STATE=<folder>.`,
        );
      }
      rmSync(file, { force: true });
    }
  }
  rmSync(half, { force: true });
  process.on("exit", () => rmSync(file, { force: true }));
}

function readOrNothing(file) {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
