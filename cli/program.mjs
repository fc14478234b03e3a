// The command line in wasm.

import { readFileSync } from "node:fs";
import { Host, Kept } from "./host.mjs";

/** Where the build puts it. */
const built = (name) => new URL(`../build/cli/${name}`, import.meta.url);

let program;

async function load() {
  const glue = await import(built("index.js").href);
  glue.initSync({ module: readFileSync(built("index_bg.wasm")) });
  return glue;
}

/**
 * Runs a command line, without the name of the program: `{ code, asked }`, its exit code, and the
 * command that is Node's to carry out.
 */
export async function run(args, host = new Host()) {
  program ??= load();
  const { run } = await program;
  globalThis.__vedette_host = host;
  const code = run(args);
  host.out.flush();
  return { code, asked: host.asked };
}

/**
 * Checks a configuration and compiles it to what the worker reads: `{ good, text, compiled }`,
 * where `text` says all that is wrong with it. `content` stands for what is in the file.
 */
export async function compile(file, { deploy = false, content } = {}) {
  const out = new Kept();
  const files = new Map(content === undefined ? [] : [[file, content]]);
  const { code } = await run(["compile", file, ...(deploy ? ["--deploy"] : [])], new Host({ out, files }));
  return { good: code === 0, text: out.stderr.trim(), compiled: out.stdout };
}
