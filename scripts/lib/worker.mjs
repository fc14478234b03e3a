// Builds the worker: Rust → wasm → JavaScript glue → smaller wasm, and the compiled configuration
// beside it.

import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { spawnSync } from "node:child_process";
import { homedir } from "node:os";
import { join } from "node:path";
import { place as placeFile } from "../../cli/layout.mjs";
import { Stop, below, node22, root, run } from "./run.mjs";
import { bindgen } from "./setup.mjs";
import { executable } from "./system.mjs";

const targetFolder = () => process.env.CARGO_TARGET_DIR || below("target");

/**
 * The environment in which wasm is compiled: what it says of its sources names no folder of this
 * machine, so that two checkouts make the same bytes.
 */
export function wasmEnv() {
  const cargo = process.env.CARGO_HOME || join(homedir(), ".cargo");
  const { stdout } = spawnSync("rustc", ["--print", "sysroot"], { cwd: root, encoding: "utf8" });
  const folders = { [root]: "/vedette", [cargo]: "/cargo", ...(stdout ? { [stdout.trim()]: "/rust" } : {}) };
  const flags = Object.entries(folders).map(([from, to]) => `--remap-path-prefix=${from}=${to}`);
  // Unlike RUSTFLAGS this takes paths with blanks.
  return { ...process.env, CARGO_ENCODED_RUSTFLAGS: flags.join("\x1f") };
}

const FEATURES = [
  "mutable-globals",
  "sign-ext",
  "nontrapping-float-to-int",
  "bulk-memory",
  "multivalue",
  "reference-types",
  "exception-handling",
];

// Few passes: what the compiler made is small already, and its repetitions compress better than
// what shares them (decision 0010).
const SMALLER = ["-O1", "--shrink-level=2", "--strip-producers", "--strip-target-features"];

/** The glue is made for exactly one version of the library. */
function checkVersions() {
  const of = (file, name) => readFileSync(below(file), "utf8").match(new RegExp(`name = "${name}"\nversion = "([^"]+)"`))?.[1];
  const library = of("Cargo.lock", "wasm-bindgen");
  const tool = of("tools/bindgen/Cargo.lock", "wasm-bindgen-cli-support");
  if (library !== tool) throw new Stop(`Cargo.lock has wasm-bindgen ${library}, tools/bindgen has ${tool}: bring them to one version.`);
}

/** What a library is made of, beside the compiler. */
const SOURCES = ["src", "Cargo.toml", "Cargo.lock", "rust-toolchain.toml", "tools/bindgen/src", "scripts/lib/worker.mjs"];

/** When the newest file at or below a path was written, in milliseconds. */
const newest = (path) => {
  const inside = statSync(path).isDirectory() ? readdirSync(path, { recursive: true }).map((name) => join(path, name)) : [];
  return Math.max(...[path, ...inside].map((file) => statSync(file).mtimeMs));
};

/** Says in a built folder with which features it was built. */
const FEATURES_OF = "features.txt";

/** Whether a folder has the library with these features, made later than all that it is made of. */
function isBuilt(folder, features) {
  const [said, done] = [FEATURES_OF, "index_bg.wasm"].map((name) => join(folder, name));
  if (!existsSync(said) || !existsSync(done) || readFileSync(said, "utf8") !== features) return false;
  return statSync(done).mtimeMs > Math.max(...SOURCES.map((path) => newest(below(path))));
}

/**
 * Compiles the worker into `out` (default `build`); nothing is done if nothing changed. `plain`
 * leaves the wasm as it was compiled.
 */
export async function buildWorker({ out = "build", features = "", plain = false } = {}) {
  checkVersions();
  // Cargo keeps one library, the one with the features of last time: it would link anew what is
  // there, and after that the usual one as well.
  if (features && isBuilt(below(out), features)) return;
  const args = ["build", "--release", "--locked", "--lib", "--target", "wasm32-unknown-unknown"];
  if (features) args.push("--features", features);
  await run("cargo", args, { show: true, env: wasmEnv() });
  await glue({ profile: "release", folder: below(out), plain });
  placeFile(join(below(out), FEATURES_OF), features);
}

/**
 * Compiles the command line for Node into `build/cli`; nothing is done if nothing changed.
 */
export async function buildCommandLine() {
  checkVersions();
  const features = ["--no-default-features", "--features", "node"];
  const args = ["build", "--profile", "node", "--locked", "--lib", "--target", "wasm32-unknown-unknown", ...features];
  await run("cargo", args, { show: true, env: wasmEnv() });
  await glue({ profile: "node", folder: below("build", "cli"), more: ["--node"] });
}

/** Makes of a compiled library what JavaScript imports, in `folder`. */
async function glue({ profile, folder, plain = false, more = [] }) {
  const compiled = join(targetFolder(), "wasm32-unknown-unknown", profile, "vedette.wasm");
  const done = join(folder, "index_bg.wasm");
  if (existsSync(done) && statSync(done).mtimeMs > Math.max(statSync(compiled).mtimeMs, statSync(bindgen()).mtimeMs)) return;
  // Beside no source of ours: who reads those would find it.
  const half = below(".vedette", `glue.${process.pid}`);
  rmSync(half, { recursive: true, force: true });
  mkdirSync(below(".vedette"), { recursive: true });
  await run(bindgen(), [compiled, half, ...more]);
  const wasm = join(half, "index_bg.wasm");
  const optimizer = below("node_modules", "binaryen", "bin", "wasm-opt");
  if (!plain) await run(node22, [optimizer, wasm, "-o", wasm, ...SMALLER, ...FEATURES.map((feature) => `--enable-${feature}`)]);
  await minify(join(half, "index.js"));
  // Whoever reads meanwhile finds the old files or the new ones, never half of one.
  mkdirSync(folder, { recursive: true });
  for (const name of readdirSync(half)) {
    if (name === "snippets") cpSync(join(half, name), join(folder, name), { recursive: true });
    else renameSync(join(half, name), join(folder, name));
  }
  rmSync(half, { recursive: true, force: true });
}

/** Rewrites the glue without its comments, in short names. */
async function minify(glue) {
  // Loaded only here: on a fresh machine the packages come with the set-up.
  const { transform } = await import("esbuild");
  const { code } = await transform(readFileSync(glue, "utf8"), { minify: true, format: "esm" });
  writeFileSync(glue, code);
}

/**
 * How a program of ours is run on this machine: `[command, args]`. `VEDETTE_TOOLS` names a folder
 * of programs that are compiled already, for tests beside which cargo is busy.
 */
function ours(name, asked, args) {
  const { VEDETTE_TOOLS: tools } = process.env;
  return tools ? [join(tools, executable(name)), args] : ["cargo", ["run", "--quiet", "--locked", ...asked, "--", ...args]];
}

/** For `cargo`: this crate at full speed. */
export const OPTIMISED = ["--config", "tests/optimised.toml"];

/** The command line, as `[command, args]`. */
export const vedette = (...args) => ours("vedette", [], args);

/** A program of `examples/`, as `[command, args]`. */
export const example = (name, args, { optimised = false } = {}) => ours(name, [...(optimised ? OPTIMISED : []), "--example", name], args);

/**
 * Checks a configuration and compiles it to what the worker of the checkout in `folder` reads;
 * `text` says all that is wrong with it.
 */
export function compile(file, { deploy = false, folder = root } = {}) {
  const { CARGO_TARGET_DIR, VEDETTE_TOOLS, ...others } = process.env;
  // Another checkout has other programs.
  const [command, args] = folder === root ? vedette("compile", file) : ["cargo", ["run", "--quiet", "--locked", "--", "compile", file]];
  const env = folder === root ? process.env : others;
  if (deploy) args.push("--deploy");
  const { status, stdout, stderr } = spawnSync(command, args, { cwd: folder, env, encoding: "utf8", maxBuffer: 64 * 1024 * 1024 });
  return { good: status === 0, text: stderr.trim(), compiled: stdout };
}

/** Puts a compiled configuration beside the worker, where `entry.mjs` imports it. */
export const place = (compiled, folder) => placeFile(join(folder, "config.txt"), compiled);
