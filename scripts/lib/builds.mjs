// What the tests in workerd run, as steps: the worker, the one that can be made to trap, and the
// command line.

import { copyFileSync, mkdirSync } from "node:fs";
import { basename, join } from "node:path";
import { below } from "./run.mjs";
import { executable, npm } from "./system.mjs";

const target = process.env.CARGO_TARGET_DIR || below("target");

/** The folders of cargo that a step holds while it compiles. */
export const [DEV, RELEASE] = ["dev", "release"];

/** Programs of ours that tests run: copies, since cargo may be busy with them at any time. */
export const TOOLS = below(".vedette", "tools");

/** The step that makes the npm package. */
export const PACKAGE = "npm package";

/** Keeps a copy of programs of ours. */
export function keep(profile, ...programs) {
  mkdirSync(TOOLS, { recursive: true });
  for (const program of programs.map((name) => executable(name)))
    copyFileSync(join(target, profile, program), join(TOOLS, basename(program)));
}

/** The step that builds the worker, and the one that builds a variant that can be made to trap. */
export const [BUILD, TRAPS] = ["build", "build that traps on purpose"];

/** The step that compiles the command line. */
export const COMMAND_LINE = "command line";

/** The steps that build, what others wait for first. */
export const builds = () => [
  {
    // Before the worker: cargo keeps one library of this name, and whoever builds next finds that.
    name: TRAPS,
    urgent: true,
    command: [process.execPath, "scripts/build.mjs", "--bare", "--features", "trap", "--out", ".vedette/build-trap", "--plain"],
    holds: RELEASE,
  },
  {
    name: COMMAND_LINE,
    urgent: true,
    command: ["cargo", "build", "--locked", "--bin", "vedette", "--example", "page_states"],
    work: () => keep("debug", "vedette", "examples/page_states"),
    holds: DEV,
  },
  {
    name: BUILD,
    urgent: true,
    command: [process.execPath, "scripts/build.mjs"],
    env: { VEDETTE_TOOLS: TOOLS },
    after: [TRAPS],
    needs: [COMMAND_LINE],
    holds: RELEASE,
  },
];

/** The step that makes the package, with the command line for Node in it. */
export const packs = () => ({
  name: PACKAGE,
  urgent: true,
  command: npm(["pack", "--silent", "--pack-destination", ".vedette/package"]).flat(),
  env: { VEDETTE_TOOLS: TOOLS },
  needs: [BUILD],
  holds: RELEASE,
});
