// Brings a fresh machine to where the project builds and its tests run. Every step looks first
// whether it is done, so that a second run costs a moment; steps that do not need each other run
// side by side.

import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, statSync, writeFileSync, copyFileSync } from "node:fs";
import { join } from "node:path";
import { spawnSync } from "node:child_process";
import { haproxy, nginx, needing } from "./debian.mjs";
import { asRoot, cache, output, step, works } from "./machine.mjs";
import { Stop, below, root, run } from "./run.mjs";
import { executable, leads, npm, pythonCommand, pythonOf } from "./system.mjs";
import { mentions, testsIn } from "./testfiles.mjs";

export { cache };

const hash = (...files) => {
  const sum = createHash("sha256");
  for (const file of files) sum.update(readFileSync(file));
  return sum.digest("hex").slice(0, 16);
};

const stampIs = (file, text) => existsSync(file) && readFileSync(file, "utf8") === text;

/** The Python of the project's own environment. */
export const python = pythonOf(below(".vedette", "venv"));

/** The browser that looks at the page. */
export const CHROMIUM = process.env.CHROMIUM || "/usr/bin/chromium";

/** Makes the JavaScript glue; its folder's name has the fingerprint of its sources. */
export function bindgen() {
  const key = hash(...["Cargo.toml", "Cargo.lock", "src/main.rs"].map((file) => below("tools", "bindgen", file)));
  return join(cache, `bindgen-${key}`, executable("vedette-bindgen"));
}

/** One sentence for the first prerequisite that is missing. */
export function prerequisites({ withPython, withChecks }) {
  const [major] = process.versions.node.split(".").map(Number);
  if (major < 20) throw new Stop(`Node.js 20 or newer is needed, this is ${process.versions.node}; install a newer one.`);
  if (!works(...npm(["--version"]))) throw new Stop("npm is missing; install it together with Node.js.");
  if (!works("rustup", ["--version"]))
    throw new Stop("Rust is missing; install it with rustup (https://rustup.rs), which also brings cargo.");
  if (!works("cargo", ["--version"]))
    throw new Stop("cargo does not run with the toolchain of rust-toolchain.toml; run `rustup toolchain install`.");
  // On Windows rustc finds the linker by itself, and says what to install where there is none.
  if (leads() && !works("cc", ["--version"]))
    throw new Stop("A C compiler is missing; install one (Debian: apt-get install build-essential).");
  if (withChecks && !works("curl", ["--version"]))
    throw new Stop("The curl command, which the examples that follow the signal need, is missing (Debian: apt-get install curl).");
  if (withChecks && !works("openssl", ["version"]))
    throw new Stop("The openssl command, which a test makes certificates with, is missing (Debian: apt-get install openssl).");
  if (!withPython) return;
  const found = output(pythonCommand(), ["-c", "import sys; print(sys.version_info >= (3, 9))"]);
  if (found !== "True") throw new Stop("Python 3.9 or newer is missing; install it (Debian: apt-get install python3).");
  if (!works(pythonCommand(), ["-c", "import venv, ensurepip"]))
    throw new Stop("Python's venv module is missing; install it (Debian: apt-get install python3-venv).");
}

async function packages() {
  const stamp = below("node_modules", ".vedette-stamp");
  const wanted = hash(below("package-lock.json"));
  if (stampIs(stamp, wanted)) return;
  await step("npm packages", async () => {
    // Not `npm ci`: it refuses a lock file that lacks a package for another operating system. This
    // installs what the lock file says as well, and leaves it as it is.
    await run(...npm(["install", "--no-save", "--no-audit", "--no-fund"]));
    writeFileSync(stamp, wanted);
  });
}

async function rustTarget() {
  const have = spawnSync("rustup", ["target", "list", "--installed"], { encoding: "utf8", cwd: root });
  if (have.status === 0 && have.stdout.includes("wasm32-unknown-unknown")) return;
  await step("Rust target wasm32-unknown-unknown", () => run("rustup", ["target", "add", "wasm32-unknown-unknown"]));
}

async function rustChecks() {
  if (works("cargo", ["clippy", "--version"]) && works("cargo", ["fmt", "--version"])) return;
  await step("clippy and rustfmt", () => run("rustup", ["component", "add", "clippy", "rustfmt"]));
}

/**
 * The browser, installed: it has too many parts to be unpacked beside what is there. A build of its
 * own, that a package would fetch, is not needed.
 */
async function browser() {
  if (existsSync(CHROMIUM)) return;
  const wayOut = "install Chromium (Debian: apt-get install chromium), or set CHROMIUM to the path of the one you have";
  if (process.env.CHROMIUM) throw new Stop(`CHROMIUM is ${CHROMIUM}, where there is no Chromium; ${wayOut}.`);
  const root = asRoot();
  if (!works("apt-get", ["--version"]) || !root)
    throw new Stop(`The tests of the page look at it in Chromium, which is missing; ${wayOut}.`);
  await step("Chromium", async () => {
    const [command, ...args] = [...root, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get"];
    try {
      await run(command, [...args, "update"]);
      await run(command, [...args, "install", "-y", "--no-install-recommends", "chromium"]);
    } catch (error) {
      throw new Stop(`Chromium could not be installed; ${wayOut}.\n${error.message}`);
    }
  });
}

async function glueTool() {
  const tool = bindgen();
  if (existsSync(tool)) return;
  await step("the tool that makes the JavaScript glue (once per machine)", async () => {
    const target = join(cache, "target");
    const manifest = below("tools", "bindgen", "Cargo.toml");
    const env = { ...process.env, CARGO_TARGET_DIR: target };
    await run("cargo", ["build", "--locked", "--manifest-path", manifest], { env });
    mkdirSync(join(tool, ".."), { recursive: true });
    // Under its own name only once it is whole: another process may be looking.
    const half = `${tool}.${process.pid}`;
    copyFileSync(join(target, "debug", executable("vedette-bindgen")), half);
    renameSync(half, tool);
  });
}

/** What the sample origin runs on, and what its tests and those of the package need besides. */
const ORIGIN = ["examples/origin/requirements-dev.txt", "examples/origin/requirements.txt", "python/requirements-build.txt"];
const PACKAGE = ["python/requirements-dev.txt"];

const pip = (...args) => run(python, ["-m", "pip", "--quiet", "--disable-pip-version-check", ...args]);
const requiring = (...files) => pip("install", ...files.flatMap((file) => ["--requirement", below(file)]));

/** Does a step unless the environment's stamp says that it is done. */
async function stamped(name, wanted, what, work) {
  const stamp = below(".vedette", "venv", name);
  if (stampIs(stamp, wanted)) return;
  await step(what, work);
  writeFileSync(stamp, wanted);
}

/**
 * The project's own environment: what the sample origin needs, the package of `python/` as its
 * wheel, and with `withChecks` what the package is tested with.
 */
async function venv(withChecks) {
  const fingerprint = (files) => hash(...files.map((file) => below(file)));
  await stamped("stamp", fingerprint(ORIGIN), "Python packages of the sample origin", async () => {
    mkdirSync(below(".vedette"), { recursive: true });
    await run(pythonCommand(), ["-m", "venv", "--clear", below(".vedette", "venv")]);
    await requiring(...ORIGIN);
  });
  if (withChecks) {
    const wanted = fingerprint([...ORIGIN, ...PACKAGE]);
    await stamped("stamp-package", wanted, "what the Python package is tested with", () => requiring(...PACKAGE));
  }
  await stamped("stamp-wheel", hash(...wheelOf()), "the Python package, as a wheel", wheel);
}

/** The files that the wheel is made of. */
function wheelOf() {
  const source = below("python", "src", "vedette_asgi");
  const modules = readdirSync(source, { withFileTypes: true }).filter((entry) => entry.isFile());
  return [below("python", "pyproject.toml"), below("python", "README.md"), ...modules.map(({ name }) => join(source, name)).sort()];
}

/** Builds the wheel of `python/` with what is pinned, and installs it; nothing is downloaded. */
async function wheel() {
  const folder = below(".vedette", "wheel");
  rmSync(folder, { recursive: true, force: true });
  await pip("wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", folder, below("python"));
  const [made] = readdirSync(folder);
  await pip("install", "--no-deps", "--no-index", "--force-reinstall", join(folder, made));
}

/**
 * One set-up of a kind at a time in one checkout; a lock whose owner is gone counts for nothing.
 */
async function locked(kind, work) {
  const lock = below(".vedette", `${kind}.lock`);
  mkdirSync(below(".vedette"), { recursive: true });
  for (let told = false; ; ) {
    try {
      writeFileSync(lock, String(process.pid), { flag: "wx" });
      break;
    } catch (error) {
      if (error.code !== "EEXIST") throw error;
      if (abandoned(lock)) rmSync(lock, { force: true });
      else if (!told) console.log("[setup] waiting for another set-up of this checkout …");
      told = true;
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
  }
  try {
    return await work();
  } finally {
    rmSync(lock, { force: true });
  }
}

function abandoned(lock) {
  try {
    const owner = Number(readFileSync(lock, "utf8"));
    if (!owner) return Date.now() - statSync(lock).mtimeMs > 5000;
    process.kill(owner, 0);
    return false;
  } catch (error) {
    return error.code === "ESRCH" || error.code === "ENOENT";
  }
}

/** The files of tests/runtime that look through the browser: those that import what starts it. */
export const looking = () => testsIn("runtime").filter((name) => mentions("runtime", name, 'from "./browser.mjs"'));

/** What only Debian's packages bring here, and the files of tests/runtime that need it. */
const FROM_DEBIAN = [
  {
    name: "Chromium",
    variable: "CHROMIUM",
    isThere: () => existsSync(CHROMIUM),
    bring: browser,
    get tests() {
      return looking();
    },
  },
  needing(haproxy, "followers"),
  needing(nginx, "followers"),
];

/**
 * Brings what is missing of `programs`, one after the other. Where there is no `apt-get` its tests
 * are skipped, which `[{ name, tests }]` says; where `CI` is set, or a variable says where a
 * program is, they are not, and what is missing stops the run.
 */
export async function brought(programs = FROM_DEBIAN, { apt = works("apt-get", ["--version"]), env = process.env } = {}) {
  const skipped = [];
  for (const { name, variable, isThere, bring, tests } of programs) {
    if (isThere()) continue;
    if (apt || env.CI || env[variable]) await bring();
    else skipped.push({ name, tests });
  }
  return skipped;
}

/** Sets up the sample origin, the Python package and what both are tested with. */
export const withPackage = () => locked("python", () => venv(true));

/**
 * Sets up what is missing, with `withPython` the sample origin as well, with `withChecks` what only
 * the tests need; says which programs are not to be had here.
 */
export async function setup({ withPython = false, withChecks = false } = {}) {
  prerequisites({ withPython, withChecks });
  const [missing] = await locked("setup", () =>
    Promise.all([
      withChecks ? brought() : [],
      packages(),
      rustTarget()
        .then(glueTool)
        .then(() => withChecks && rustChecks()),
      withPython && locked("python", () => venv(withChecks)),
    ]),
  );
  return missing;
}
