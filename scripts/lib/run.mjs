// Starts processes and ends them: every child is the leader of a group of its own, and no group
// outlives us.

import { spawn, spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { setPriority } from "node:os";
import { fileURLToPath } from "node:url";
import { dirname, join } from "node:path";
import { endedBy, executable, leads } from "./system.mjs";

/** The folder of the project. */
export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** A path below the project. */
export const below = (...parts) => join(root, ...parts);

/** The Node.js that wrangler needs (22 or newer), which comes as a package. */
export const node22 = below("node_modules", "node", "bin", executable("node"));

/** A failure whose text is all that the user needs: no stack. */
export class Stop extends Error {}

const groups = new Set();

/**
 * In the environment of whoever is to make way for others, and of all that it starts: how far, as
 * `nice` counts it.
 */
export const BACKGROUND = "VEDETTE_BACKGROUND";

/** Has a child make way for others. */
function toBackground({ pid }, niceness) {
  try {
    setPriority(pid, Number(niceness));
    // Linux may share the machine among sessions, and look at priorities only within one; every
    // child has a session of its own.
    writeFileSync(`/proc/${pid}/autogroup`, niceness);
  } catch {
    // It runs like any other then: slower for all, and no less right.
  }
}

/** Starts a child in a group of its own. */
export function start(command, args, options = {}) {
  const child = spawn(command, args, { cwd: root, ...options, detached: leads() });
  const niceness = (options.env ?? process.env)[BACKGROUND];
  if (child.pid && niceness) toBackground(child, niceness);
  groups.add(child.pid);
  child.on("exit", () => groups.delete(child.pid));
  return child;
}

/** Ends a child's whole group, the hard way after `graceMs`. */
export async function end(child, graceMs = 3000) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once("exit", resolve));
  signal(child.pid, "SIGTERM");
  const hard = setTimeout(() => signal(child.pid, "SIGKILL"), graceMs);
  await gone;
  clearTimeout(hard);
  signal(child.pid, "SIGKILL");
}

function signal(group, name) {
  const by = endedBy(group, name);
  if (by) {
    spawnSync(...by, { stdio: "ignore" });
    return;
  }
  try {
    process.kill(-group, name);
  } catch {
    // The group is gone already, which is what was wanted.
  }
}

process.on("exit", () => groups.forEach((group) => signal(group, "SIGKILL")));

/** Runs a command to its end; its output is shown only if it fails, unless `show`. */
export function run(command, args, { show = false, ...options } = {}) {
  return new Promise((resolve, reject) => {
    const child = start(command, args, { ...options, stdio: show ? "inherit" : ["ignore", "pipe", "pipe"] });
    let output = "";
    child.stdout?.on("data", (chunk) => (output += chunk));
    child.stderr?.on("data", (chunk) => (output += chunk));
    child.on("error", (error) => reject(new Stop(`${command} could not be started: ${error.message}`)));
    child.on("close", (code) => {
      if (code === 0) resolve(output);
      else reject(Object.assign(new Stop(`${command} ${args.join(" ")} failed (${code})\n${output}`), { code, output }));
    });
  });
}

/** Asks every group to end, and ends by force what does not within 4 s. */
async function endAll() {
  const deadline = Date.now() + 4000;
  groups.forEach((group) => signal(group, "SIGTERM"));
  while (groups.size > 0 && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 50));
}

/** Who started a process; nothing where that is not told. */
function parentOf(pid) {
  try {
    // After the name, which may have brackets and spaces of its own, come the state and the parent.
    const [, parent] = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1).split(" ");
    return Number(parent);
  } catch {
    const { stdout } = spawnSync("ps", ["-o", "ppid=", "-p", String(pid)], { encoding: "utf8" });
    return Number(stdout) || undefined;
  }
}

/** Whether an npm script runs us, or something that one runs. */
const throughNpm = process.env.npm_lifecycle_event !== undefined;

/** How often it is looked whether they still live who started us, in milliseconds. */
const LOOKS_EVERY = 500;

/**
 * Ends us when whoever started us is gone without having said so. Between npm and us may be a
 * shell, which outlives it and passes on none of its signals: then it is npm that is looked for.
 */
export function endWithParent() {
  if (looking) return;
  const above = () => [process.ppid, throughNpm && parentOf(process.ppid)].join();
  const before = above();
  looking = setInterval(() => {
    if (ending || above() === before) return;
    ending = true;
    endAll().then(() => process.exit(1));
  }, LOOKS_EVERY);
  looking.unref();
}

let looking;

/** Has Ctrl-C, and whoever else asks us to end, end every process that was started. */
export function endOnSignals() {
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"]) {
    // Not `once`: npm passes on the Ctrl-C that the terminal has sent us already. With no handler
    // left, that second one would end us on the spot and leave behind everything that we started.
    process.on(name, () => {
      if (ending) return;
      ending = true;
      endAll().then(() => process.exit(name === "SIGINT" ? 0 : 143));
    });
  }
}

/**
 * Runs a main function: a `Stop` is told in its own words, and Ctrl-C ends every process that was
 * started.
 */
export async function main(work) {
  endOnSignals();
  if (throughNpm) endWithParent();
  try {
    await work();
  } catch (error) {
    if (ending) return;
    console.error(error instanceof Stop ? error.message : error);
    await endAll();
    process.exit(1);
  }
}

let ending = false;

/** Whether we are on our way out, so that children that end are no news. */
export const isEnding = () => ending;
