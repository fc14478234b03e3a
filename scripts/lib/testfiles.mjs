// The files of tests in Node.js, by name.

import { readFileSync, readdirSync } from "node:fs";
import { below } from "./run.mjs";

const ENDING = ".test.mjs";

/** The names of the files in a folder of `tests`, without their ending. */
export const testsIn = (folder) =>
  readdirSync(below("tests", folder))
    .filter((file) => file.endsWith(ENDING))
    .map((file) => file.slice(0, -ENDING.length));

/** Whether a file mentions something. */
export const mentions = (folder, name, what) => readFileSync(below("tests", folder, name + ENDING), "utf8").includes(what);
