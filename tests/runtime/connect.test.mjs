// Connections of the probes' own, with real servers: who answers on the connection that there is
// and accepts no new one fails, and nobody else does.

import assert from "node:assert/strict";
import { connect } from "node:net";
import { after, before, test } from "node:test";
import { freePort } from "../../scripts/lib/ports.mjs";
import { answers, config, origin, program, python, startWorker, until } from "./lib.mjs";
import { route, through } from "./through.mjs";

/** A Node.js server that stops listening at SIGTERM and goes on with what it has. */
const NODE = `
const server = require("node:http").createServer((request, response) => {
  const seconds = Number(new URL(request.url, "http://a").searchParams.get("s"));
  if (seconds > 0) console.log(request.url);
  setTimeout(() => response.end('{"ok":true}'), seconds * 1000);
});
process.on("SIGTERM", () => server.close());
server.listen(Number(process.argv[1]), "127.0.0.1");
`;

/**
 * A server that takes nobody off its queue any more from SIGTERM on, and goes on with who is there.
 */
const STUCK = `
import signal, socket, sys, threading

def serve(client):
    while client.recv(65536):
        client.sendall(b'HTTP/1.1 200 OK\\r\\ncontent-length: 11\\r\\n\\r\\n{"ok":true}')

class Stuck(Exception):
    pass

def stick(*_):
    raise Stuck

signal.signal(signal.SIGTERM, stick)
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])), backlog=1)
try:
    while True:
        threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
except Stuck:
    while True:
        signal.pause()
`;

const REASON = /answers on a connection that it has, accepts no new one/;

const origins = {};
const clients = new Set();
let worker;
let crowded = false;

/** Starts a server of its own on a port; at most so many descriptors. */
async function server(name, command, descriptors = 1024) {
  const port = await freePort();
  const child = program("bash", ["-c", `ulimit -n ${descriptors}; exec "$@"`, "bash", ...command, String(port)]);
  origins[name] = { port, child, stop: () => (child.kill("SIGKILL"), child.ended) };
  await until(`${name} answers`, async () => (await fetch(`http://127.0.0.1:${port}/`, { headers: { connection: "close" } })).ok);
}

/** Clients that connect and say nothing, and come again when they are turned away. */
function crowd(name, count) {
  crowded = true;
  const come = () => {
    if (!crowded) return;
    const client = connect(origins[name].port, "127.0.0.1");
    client.on("error", () => {});
    client.on("close", () => clients.delete(client) && setTimeout(come, 50));
    clients.add(client);
  };
  for (let n = 0; n < count; n++) come();
}

/** Has them all go for good. */
function disperse() {
  crowded = false;
  for (const client of clients) client.destroy();
}

const verdict = async (name) => (await worker.json(`/health/${name}/${name}`)).checks[`${name}/${name}:verdict`][0];

const fails = (name) =>
  until(`${name} fails`, async (see) => {
    const { observedValue, output } = see(await verdict(name));
    return observedValue === "fail" && output;
  });

before(async () => {
  await server("draining", [process.execPath, "-e", NODE]);
  await server("node", [process.execPath, "-e", NODE], 60);
  await server("stuck", [python, "-c", STUCK]);
  origins.healthy = await origin(answers.ok);
  const pools = Object.fromEntries(Object.entries(origins).map(([name, { port }]) => [name, { [name]: port }]));
  const settings = Object.fromEntries(Object.keys(origins).map((name) => [name, 'connect = "always"']));
  worker = await startWorker(config(pools, { vantages: ["weur"], settings }) + route("", { pool: "draining" }));
  for (const name of Object.keys(origins)) {
    await until(`${name} passes`, async (see) => see(await verdict(name)).observedValue === "pass");
  }
});

after(async () => {
  disperse();
  await worker?.stop();
  for (const { stop } of Object.values(origins)) await stop();
});

test("a Node.js server that drains fails, although it answers", async () => {
  const { child, port } = origins.draining;
  // A connection that is idle ends with the listening; one that is in use goes on.
  const slow = through(worker, "/slow?s=1");
  await until("it is under way", async (see) => see(child.said).includes("/slow"));
  child.kill("SIGTERM");
  assert.match(await fails("draining"), REASON);
  assert.equal((await slow).text, '{"ok":true}');
  await assert.rejects(fetch(`http://127.0.0.1:${port}/`));
  assert.ok(child.exitCode === null, "the probes keep it alive");
});

test("a Node.js server without descriptors fails, although it answers", async () => {
  crowd("node", 80);
  assert.match(await fails("node"), REASON);
});

test("a server whose queue is full fails, although it answers", async () => {
  origins.stuck.child.kill("SIGTERM");
  crowd("stuck", 8);
  assert.match(await fails("stuck"), REASON);
});

test("a server that has descriptors again passes again", async () => {
  disperse();
  await until("it passes", async (see) => see(await verdict("node")).observedValue === "pass");
});

test("nobody else has failed", async () => {
  assert.equal((await verdict("healthy")).observedValue, "pass");
  assert.doesNotMatch(worker.said(), /"origin":"healthy\/healthy"/);
  assert.doesNotMatch(worker.said(), /connect_switched_off|connect_unproven/);
});
