// What the tests in workerd run, as steps: the worker, the one that can be made to trap, and the
// command line.

import { copyFileSync, mkdirSync } from "node:fs";
import { basename, join } from "node:path";
import { below } from "./run.mjs";
import { executable, npm } from "./system.mjs";
import { wasmEnv } from "./worker.mjs";

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

/** The steps that build, what others wait for first. */
export const builds = () => [
  {
    name: "worker: compiled",
    urgent: true,
    command: ["cargo", "build", "--release", "--locked", "--target", "wasm32-unknown-unknown", "--lib"],
    env: wasmEnv(),
    holds: RELEASE,
  },
  {
    name: "command line",
    urgent: true,
    command: ["cargo", "build", "--locked", "--bin", "vedette", "--example", "page_states"],
    work: () => keep("debug", "vedette", "examples/page_states"),
    holds: DEV,
  },
  {
    name: "build",
    urgent: true,
    command: [process.execPath, "scripts/build.mjs"],
    env: { VEDETTE_TOOLS: TOOLS },
    needs: ["worker: compiled", "command line"],
    holds: RELEASE,
  },
  {
    name: PACKAGE,
    urgent: true,
    command: npm(["pack", "--silent", "--pack-destination", ".vedette/package"]).flat(),
    env: { VEDETTE_TOOLS: TOOLS },
    needs: ["build"],
    holds: RELEASE,
  },
  {
    name: "build that traps on purpose",
    urgent: true,
    command: [process.execPath, "scripts/build.mjs", "--features", "trap", "--out", ".vedette/build-trap", "--plain"],
    env: { VEDETTE_TOOLS: TOOLS },
    needs: [PACKAGE],
    holds: RELEASE,
  },
];
