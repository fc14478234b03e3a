// Real servers with one small application, each started as its manual says, and restarted as a
// deployment does it.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { scratch } from "../lib/memory.mjs";
import { freePort } from "../lib/ports.mjs";
import { below, end, start } from "../lib/run.mjs";
import { realServers } from "../lib/python.mjs";
import { until } from "./plain.mjs";

const applications = below("scripts", "bench", "restart");

/** How long one that was asked to end may take before it is ended by force. */
const DRAIN_MS = 8000;

const python = (...args) => [realServers.python, ["-m", ...args]];

/** What starts each of them on a port. */
export const servers = {
  uvicorn: (port) => python("uvicorn", "app:app", "--port", port, "--log-level", "error"),
  gunicorn: (port) =>
    python(
      "gunicorn",
      "app:app",
      "--worker-class",
      "uvicorn_worker.UvicornWorker",
      "--workers",
      "2",
      "--bind",
      `127.0.0.1:${port}`,
      "--log-level",
      "error",
    ),
  granian: (port) => python("granian", "--interface", "asgi", "app:app", "--host", "127.0.0.1", "--port", port, "--log-level", "error"),
  hypercorn: (port) => python("hypercorn", "app:app", "--bind", `127.0.0.1:${port}`, "--log-level", "error"),
  node: (port) => [process.execPath, [join(applications, "server.mjs"), port]],
};

/**
 * Starts one of them, with what it needs to be restarted and to say which orders it has executed.
 */
export async function realServer(kind) {
  const folder = mkdtempSync(join(scratch(), `vedette-${kind}-`));
  // In memory: a server that waits for a busy disk answers too late.
  const file = join(folder, "orders");
  writeFileSync(file, "");
  const port = await freePort();
  const self = { kind, port, killed: 0 };
  let child;
  const run = () => {
    const [command, args] = servers[kind](String(port));
    child = start(command, args, { cwd: applications, env: { ...process.env, ORDERS: file }, stdio: "ignore" });
    self.pid = child.pid;
  };
  const answers = async () => (await fetch(`http://127.0.0.1:${port}/health`)).ok;
  self.orders = () => readFileSync(file, "utf8").split("\n").filter(Boolean);
  /** Asks the main process to end, and starts the server again once it has. */
  self.restart = async () => {
    const ended = new Promise((resolve) => child.once("exit", resolve));
    process.kill(child.pid, "SIGTERM");
    const hard = setTimeout(() => {
      self.killed += 1;
      process.kill(-child.pid, "SIGKILL");
    }, DRAIN_MS);
    await ended;
    clearTimeout(hard);
    run();
    await until(`${kind} answers again`, answers);
  };
  self.stop = () => end(child).then(() => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }));
  run();
  await until(`${kind} answers`, answers, 60_000, 100);
  return self;
}
