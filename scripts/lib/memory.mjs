// Where tests and benchmarks keep the storage of objects: in memory where there is room. On a busy
// disk workerd stands still for a second or two while it writes, and so does every request.

import { accessSync, constants, statfsSync } from "node:fs";
import { tmpdir } from "node:os";

const MEMORY = "/dev/shm";

/** As much must be free: a container may have no more than 64 MiB there. */
const ROOM = 2 ** 30;

function hasRoom() {
  try {
    accessSync(MEMORY, constants.W_OK);
    const { bavail, bsize } = statfsSync(MEMORY);
    return bavail * bsize >= ROOM;
  } catch {
    return false;
  }
}

/**
 * The folder for temporary files that are written under load: what TMPDIR says, else memory where
 * there is room.
 */
export const scratch = () => process.env.TMPDIR || (hasRoom() ? MEMORY : tmpdir());

/** One sentence on it, for the output of whoever measures. */
export const storage = () =>
  scratch().startsWith(MEMORY)
    ? `the objects' storage is in memory (${scratch()})`
    : `the objects' storage is on the disk of ${scratch()}: on a busy one workerd stands still while it writes`;
