// Errors of the system in sentences with a way out.

import { Stop } from "../scripts/lib/run.mjs";

/** What the codes of the system mean for a folder that is written to. */
const WHY = {
  EACCES: "this user may not write there",
  EPERM: "this user may not write there",
  EROFS: "its file system is read-only",
  ENOSPC: "its disk is full",
  ENOTDIR: "a file stands where a folder is wanted",
};

/** Does `work`, which writes below `folder`, and says in a sentence why it cannot be written. */
export async function unwritable(folder, work) {
  try {
    return await work();
  } catch (error) {
    if (!(error.code in WHY)) throw error;
    throw new Stop(`${folder} cannot be written: ${WHY[error.code]}; run this in a folder of your own.`);
  }
}
