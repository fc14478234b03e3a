// A real uvicorn that has no descriptor left: it answers on the connections that it has and turns
// new ones away. With the event loop of asyncio it says nothing to them, which no probe can tell
// from a slow start; with uvloop, which most installations run, it closes them at once.

import assert from "node:assert/strict";
import { connect } from "node:net";
import { after, before, test } from "node:test";
import { freePort } from "../../scripts/lib/ports.mjs";
import { below } from "../../scripts/lib/run.mjs";
import { realServers } from "../../scripts/lib/python.mjs";
import { config, program, startWorker, until } from "../runtime/lib.mjs";

/** Enough to start, and to serve a few. */
const DESCRIPTORS = 40;

const clients = new Set();
let server, worker, crowded;

const verdict = async () => (await worker.json("/health/shop/uvicorn")).checks["shop/uvicorn:verdict"][0];
const says = (status) => until(`it is ${status}`, async (see) => see(await verdict()).observedValue === status && verdict(), 60_000);

/** Clients that connect, say nothing, and come again when they are turned away. */
function come(port) {
  if (!crowded) return;
  const client = connect(port, "127.0.0.1");
  client.on("error", () => {});
  client.on("close", () => clients.delete(client) && setTimeout(come, 50, port));
  clients.add(client);
}

function disperse() {
  crowded = false;
  for (const client of clients) client.destroy();
}

before(async () => {
  await realServers.bring();
  const port = await freePort();
  const args = ["app:app", "--port", String(port), "--loop", "uvloop", "--log-level", "critical"];
  const limited = `ulimit -n ${DESCRIPTORS}; exec "$@"`;
  const child = program("bash", ["-c", limited, "bash", realServers.python, "-m", "uvicorn", ...args], {
    cwd: below("tests", "wild"),
    env: { ...process.env, NAME: "uvicorn" },
  });
  server = { port, stop: () => child.stop() };
  const health = `http://127.0.0.1:${port}/health`;
  await until("uvicorn answers", async () => (await fetch(health, { headers: { connection: "close" } })).ok, 60_000);
  const settings = { shop: 'connect = "always"' };
  worker = await startWorker(config({ shop: { uvicorn: port } }, { vantages: ["weur"], settings }));
  await says("pass");
});

after(async () => {
  disperse();
  await worker?.stop();
  await server?.stop();
});

test("a uvicorn out of descriptors fails, although it answers, and passes when it has some again", async () => {
  crowded = true;
  for (let n = 0; n < 2 * DESCRIPTORS; n++) come(server.port);
  const { output } = await says("fail");
  assert.match(output, /answers on a connection that it has, accepts no new one/);
  disperse();
  await says("pass");
});
