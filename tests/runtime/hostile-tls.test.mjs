// Every hostile origin of the TLS section of docs/hostile-origins.md, with good ones as the
// control.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "node:tls";
import { after, before, test } from "node:test";
import { startWorker } from "./lib.mjs";
import { assertUnharmed, rows, testRows, watch } from "./hostile/run.mjs";
import { faults } from "./hostile/tls.mjs";

const folder = mkdtempSync(join(tmpdir(), "vedette-tls-"));
const { doubles, authority } = faults(folder);

let running, worker, stop;

/** What it trusts is in its environment. */
const onLaptop = (text, options) => startWorker(text, { ...options, laptop: true });

before(async () => {
  const env = { NODE_EXTRA_CA_CERTS: authority };
  ({ running, worker, stop } = await watch(doubles, { host: "localhost", scheme: "https", env, serve: onLaptop }));
});

after(async () => {
  await stop?.();
  rmSync(folder, { recursive: true, force: true });
});

testRows(
  Object.keys(doubles),
  rows((heading) => heading === "TLS"),
  () => worker,
);

/** Asks as a client that minds nothing: no name, no date, no authority, no version. */
const ask = (port) =>
  new Promise((resolve, reject) => {
    const lax = { rejectUnauthorized: false, minVersion: "TLSv1", ciphers: "DEFAULT@SECLEVEL=0" };
    const socket = connect({ port, host: "127.0.0.1", servername: "localhost", ...lax }, () => socket.write("GET / HTTP/1.1\r\n\r\n"));
    socket.on("data", (bytes) => {
      socket.destroy();
      resolve(bytes.toString());
    });
    socket.on("error", reject);
  });

test("each certificate and version is the double's only fault: a client that minds nothing gets its answer", async () => {
  const secure = Object.keys(doubles).filter((name) => doubles[name].secure && name !== "tls-wants-a-certificate");
  assert.ok(secure.length >= 10);
  for (const name of secure) assert.match(await ask(running[name].port), /^HTTP\/1.1 200 OK/, name);
  await assert.rejects(ask(running["tls-wants-a-certificate"].port), /certificate required/);
});

test("the worker has not crashed", () => assertUnharmed(worker));
