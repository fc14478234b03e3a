// Probes over HTTPS: a certificate that is trusted, and one that is not.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { startWorker, until } from "./lib.mjs";

const folder = mkdtempSync(join(tmpdir(), "vedette-tls-"));
const servers = [];
let worker;

/** A server with a certificate for localhost that it signed itself. */
async function secure(name) {
  const [key, cert] = [join(folder, `${name}.key`), join(folder, `${name}.crt`)];
  const subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"];
  const args = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-keyout", key, "-out", cert, ...subject];
  execFileSync("openssl", args, { stdio: "ignore" });
  const server = createServer({ key: readFileSync(key), cert: readFileSync(cert) }, (_, response) => response.end("ok"));
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  servers.push(server);
  return { port: server.address().port, cert };
}

before(async () => {
  const [trusted, stranger] = [await secure("trusted"), await secure("stranger")];
  const pool = (name, { port }) =>
    `[[pool]]\nname = "${name}"\n[[pool.origin]]\nname = "only"\nurl = "https://localhost:${port}"\n`;
  const text = `[defaults]\ninterval = "1s"\nfall = 2\nrise = 2\n${pool("trusted", trusted)}${pool("stranger", stranger)}`;
  worker = await startWorker(text, { env: { NODE_EXTRA_CA_CERTS: trusted.cert } });
});

after(async () => {
  await worker?.stop();
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
  rmSync(folder, { recursive: true, force: true });
});

test("an origin with a trusted certificate passes", async () => {
  await until("it passes", async (see) => see(await worker.json("/health/trusted")).status === "pass", 20_000);
});

test("an origin whose certificate nobody trusts fails", async () => {
  const health = await until("it fails", async (see) => {
    const answer = await worker.get("/health/stranger");
    const health = see(await answer.json());
    return answer.status === 503 && health;
  }, 20_000);
  assert.match(health.output, /no connection/);
});
