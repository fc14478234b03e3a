// Jobs that report by themselves, against the built worker in workerd: silence is a failure, what
// is forged reaches no object, and neither the secret nor a token is ever seen again.

import assert from "node:assert/strict";
import { createHmac, randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { exchange, request } from "./raw.mjs";
import { startWorker, until } from "./lib.mjs";

const secret = `canary-${randomBytes(16).toString("hex")}`;
const folder = mkdtempSync(join(tmpdir(), "vedette-heartbeat-"));

/** The token of a job, as anyone with the secret makes it: independent of the worker's own code. */
const token = (job, key = secret, message = `vedette heartbeat v1 ${job}`) =>
  `${job.replace("/", ".")}.${createHmac("sha256", key).update(message).digest("base64url")}`;

const job = (name, period = "10s", grace = "5s") =>
  `[[pool.origin]]\nname = "${name}"\nkind = "heartbeat"\nperiod = "${period}"\ngrace = "${grace}"\n`;
const byGet = (name) => `${job(name, "1h")}get = true\n`;
const config = (...jobs) => `heartbeat_secret = "HEARTBEAT_KEY"\n[[pool]]\nname = "jobs"\n${jobs.join("")}`;

/** Starts a worker with these secrets, which logs everything. */
function worker(text, { secrets = { HEARTBEAT_KEY: secret }, laptop = false } = {}) {
  const file = join(folder, `secrets-${randomBytes(4).toString("hex")}`);
  writeFileSync(
    file,
    Object.entries(secrets)
      .map(([name, value]) => `${name}=${value}\n`)
      .join(""),
  );
  return startWorker(text, { laptop, env: { VEDETTE_SECRETS: file, ...(laptop && { VEDETTE_LOG_LEVEL: "debug" }) } });
}

const beat = (worker, path, init) => worker.get(`/v1/heartbeat/${path}`, { method: "POST", ...init });
const verdict = async (worker, name) => (await worker.json(`/health/jobs/${name}`)).checks[`jobs/${name}:verdict`][0];
const becomes = (worker, name, status, deadlineMs = 15_000) =>
  until(
    `${name} is ${status}`,
    async (see) => {
      const found = await verdict(worker, name);
      see(found);
      return found.observedValue === status && found;
    },
    deadlineMs,
  );
const told = (worker) => worker.said().split('"event":"heartbeat_taken"').length - 1;

let shared;
before(async () => {
  shared = await worker(config(job("flood", "1h", "5m"), job("nightly"), job("never"), job("kept", "1h"), byGet("kuma")), { laptop: true });
});
after(async () => {
  await shared?.stop();
  rmSync(folder, { recursive: true, force: true });
});

test("a heartbeat passes, silence fails at the deadline, and the next heartbeat recovers", async () => {
  const first = await verdict(shared, "nightly");
  assert.equal(first.observedValue, "unknown");
  assert.match(first.output, /^no heartbeat yet: expected every 10s, 5s grace$/);
  const answer = await beat(shared, token("jobs/nightly"));
  assert.deepEqual([answer.status, await answer.text()], [204, ""], "cron has nothing to send");
  const passes = await becomes(shared, "nightly", "pass");
  const { due, observedValue: last } = (await shared.json("/health/jobs/nightly")).checks["jobs/nightly:heartbeat"][0];
  assert.equal(Date.parse(due) - Date.parse(last), 15_000);
  assert.equal(passes.validUntil, due, "no copy is green for longer");

  const fails = await becomes(shared, "nightly", "fail", 20_000);
  assert.ok(Date.now() >= Date.parse(due), "not before its deadline");
  assert.equal(fails.output, `no heartbeat since ${last}: expected every 10s, 5s grace`);
  assert.equal(fails.next, "no longer fail with the next heartbeat");
  assert.equal((await shared.get("/health/jobs/nightly")).status, 503);
  assert.match(await shared.text("/"), /last heartbeat/);

  assert.equal((await beat(shared, token("jobs/nightly"))).status, 204, "the same token again is no secret of another time");
  await becomes(shared, "nightly", "pass");
  assert.equal((await verdict(shared, "never")).observedValue, "unknown", "who never reported does not fail");
});

test("what is forged, tampered with or malformed is one and the same 404, and reaches no object", async () => {
  const good = token("jobs/kept");
  const [pool, name, mac] = good.split(".");
  const bytes = Buffer.from(mac, "base64url");
  bytes[31] ^= 1;
  const forged = [
    `${pool}.${name}.${bytes.toString("base64url")}`,
    `${pool}.nightly.${mac}`,
    token("jobs/kept", "another secret, that is long enough"),
    token("jobs/kept", secret, "jobs/kept"),
    token("jobs/gone"),
    token("shop/kept"),
    `${pool}.${name}.`,
    `${pool}.${name}`,
    `${good}.`,
    `${good}A`,
    `${good}=`,
    good.slice(0, -1),
    good.toUpperCase(),
    `.${name}.${mac}`,
    `${pool}..${mac}`,
    "%00",
    "..%2f..%2fbeat%2fjobs%2fkept",
    encodeURIComponent("日本.語.🫀"),
    "x".repeat(15_000),
    "",
  ];
  const before = told(shared);
  const answers = new Set();
  for (const one of forged) {
    const answer = await beat(shared, one, { body: one });
    assert.equal(answer.status, 404, one);
    const text = await answer.text();
    assert.ok(one.length < 3 || !text.includes(one), "nothing of it is repeated");
    if (!one.includes("/")) answers.add(text);
  }
  assert.equal(answers.size, 1, "no answer tells how far it came");
  for (const method of ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH"]) {
    const answer = await beat(shared, good, { method });
    assert.deepEqual([answer.status, answer.headers.get("allow")], [405, "POST"], method);
  }
  // What is no URL at all never comes as far as the worker.
  const absurd = request(`POST /v1/heartbeat/\xff\xfe.${name}.${mac} HTTP/1.1`, ["Host: x", "Content-Length: 0"]);
  const { answers: refused } = await exchange(shared.port, absurd);
  assert.deepEqual(
    refused.map(({ status }) => Math.floor(status / 100)),
    [4],
  );
  assert.equal((await verdict(shared, "kept")).observedValue, "unknown");
  assert.equal(told(shared), before, "the Arbiter heard of none of them");
});

test("GET reports where the configuration says so, and what says anything else than alive is no heartbeat", async () => {
  const before = told(shared);
  for (const [job, method] of [
    ["kuma", "GET"],
    ["kept", "POST"],
  ]) {
    for (const rest of ["?status=down", "?status=up&exit=1", "/fail", "/1", "/"]) {
      const answer = await beat(shared, `${token(`jobs/${job}`)}${rest}`, { method });
      assert.equal(answer.status, 400, rest);
      assert.match((await answer.json()).detail, /was not counted/);
    }
  }
  const forged = token("jobs/kuma", "another secret, that is long enough");
  assert.equal((await beat(shared, forged, { method: "GET" })).status, 404);
  assert.equal((await verdict(shared, "kuma")).observedValue, "unknown");
  assert.equal(told(shared), before, "the Arbiter heard of none of them");
  const answer = await beat(shared, `${token("jobs/kuma")}?status=up&msg=OK&ping=`, { method: "GET" });
  assert.deepEqual([answer.status, answer.headers.get("cache-control")], [204, "no-store"]);
  await becomes(shared, "kuma", "pass");
  assert.equal((await beat(shared, token("jobs/kuma"), { method: "HEAD" })).status, 204);
});

test("a flood of good heartbeats reaches the Arbiter once, and each is confirmed", async () => {
  const before = told(shared);
  const statuses = await Promise.all(Array.from({ length: 200 }, async () => (await beat(shared, token("jobs/flood"))).status));
  assert.ok(statuses.every((status) => status === 204));
  for (let n = 0; n < 50; n += 1) assert.equal((await beat(shared, token("jobs/flood"), { body: "x".repeat(100_000) })).status, 204);
  await becomes(shared, "flood", "pass");
  assert.equal(told(shared) - before, 1);
});

test("a pool of heartbeats has no signal", async () => {
  const answer = await shared.get("/route/jobs");
  assert.equal(answer.status, 404);
  assert.equal((await answer.json()).type, "urn:vedette:problem:no-signal");
});

test("a restart keeps what was confirmed, and a job that is gone or has another secret is refused", async () => {
  await beat(shared, token("jobs/kept"));
  const passes = await becomes(shared, "kept", "pass");
  await shared.kill9();
  await shared.start();
  const again = await becomes(shared, "kept", "pass");
  assert.equal(again.validUntil, passes.validUntil);
  assert.equal(again.time, passes.time, "it has not beaten since");
  shared.edit(config(job("flood", "1h", "5m")));
  await until("kept is gone", async () => (await beat(shared, token("jobs/kept"))).status === 404);
  // The Arbiter hears of it by the next reader, or within its round of 30 s.
  await becomes(shared, "flood", "pass");
  shared.edit(config(job("flood", "1h", "5m"), job("kept", "1h")));
  await until("kept is back", async () => (await shared.get("/health/jobs/kept")).status === 200);
  assert.equal((await verdict(shared, "kept")).observedValue, "unknown", "nobody listened while it was gone");
});

test("without the secret nothing is verified, and nothing fails by it", async () => {
  const deaf = await worker(config(job("nightly")), { secrets: { OTHER: "x" } });
  try {
    const answer = await beat(deaf, token("jobs/nightly"));
    assert.equal(answer.status, 503);
    assert.match((await answer.json()).detail, /the secret HEARTBEAT_KEY is not set/);
    assert.equal((await beat(deaf, "jobs.nightly.x")).status, 404);
    const unknown = await until("it is judged", async () => {
      const found = await verdict(deaf, "nightly");
      return found.output.includes("HEARTBEAT_KEY") && found;
    });
    assert.equal(unknown.observedValue, "unknown");
    const ready = await deaf.get("/readyz?verbose");
    assert.equal(ready.status, 200);
    assert.match(await ready.text(), /\[-\]heartbeats cannot be heard: the secret HEARTBEAT_KEY is not set/);
  } finally {
    await deaf.stop();
  }
});

test("neither the secret nor a token is in any answer or log", async () => {
  const paths = ["/", "/health", "/health/jobs", "/health/jobs/flood", "/readyz?verbose", "/route/jobs", "/livez"];
  const texts = await Promise.all(paths.map((path) => shared.text(path)));
  // The development server writes the line of each request by itself.
  const logged = shared
    .said()
    .split("\n")
    .filter((line) => !/(POST|GET|HEAD) \/v1\/heartbeat\//.test(line));
  assert.ok(logged.some((line) => line.includes("heartbeat_taken")));
  for (const text of [...texts, ...logged]) {
    for (const canary of [secret, ...["flood", "kept", "nightly"].map((name) => token(`jobs/${name}`).split(".")[2])])
      assert.ok(!text.includes(canary));
  }
});
