// Clients that ask for what nobody has, in floods, and send what nobody reads: no object is ever
// asked for them. (What clients send as bytes, and how slowly, is in hostile-bytes.test.mjs.)

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { plainWorker } from "./raw.mjs";

let worker;

before(async () => {
  worker = await plainWorker({ build: ".vedette/build-trap" });
});

after(() => worker?.stop());

test("a megabyte of body to every path is refused or left unread", async () => {
  const body = "x".repeat(1_000_000);
  for (const path of ["/", "/health", "/health/shop", "/route/shop", "/livez", "/readyz", "/style.css", "/page.js"]) {
    const answer = await worker.get(path, { method: "POST", body });
    assert.equal(answer.status, 405, path);
    await answer.text();
  }
  assert.equal((await worker.get("/nope", { method: "POST", body })).status, 404);
  await worker.stands();
});

/**
 * Two hundred questions for what nobody has, in every form, all at once; no two bursts ask for the
 * same.
 */
async function burst(number) {
  const asks = Array.from({ length: 50 }, (_, index) => 50 * number + index).flatMap((name) => [
    [`/health/pool-${name}`, "GET"],
    [`/health/shop/origin-${name}?format=text`, "HEAD"],
    [`/route/pool-${name}`, "HEAD"],
    [`/route/pool-${name}?format=redirect`, "GET"],
  ]);
  const answers = await Promise.all(asks.map(([path, method]) => worker.get(path, { method })));
  for (const answer of answers) {
    assert.deepEqual([answer.status, answer.headers.get("cache-status")], [404, null], "no copy was asked for");
    await answer.text();
  }
}

/** How many answers needed a copy of a snapshot, by now. */
async function needed() {
  const [, counts] = (await worker.text("/readyz?verbose")).match(/by layer: (.*)/);
  return counts.match(/\d+/g).reduce((sum, count) => sum + Number(count), 0);
}

test("2,000 questions for what nobody has need no copy", async () => {
  const before = await needed();
  for (let number = 0; number < 10; number += 1) await burst(number);
  // This question itself is one.
  assert.equal((await needed()) - before, 1);
});

test("2,000 questions for what nobody has do not wait for the Arbiter", async () => {
  await worker.get("/livez", { headers: { "vedette-trap": "down=memory,cache,arbiter-hangs,kv" } });
  const known = [];
  for (let number = 10; number < 20; number += 1) {
    // Whoever needs a verdict waits seconds for it now, and in the end is told that nothing is
    // known.
    let waits = true;
    known.push(worker.get("/health/shop?now").finally(() => (waits = false)));
    await burst(number);
    assert.ok(waits, "two hundred of them are answered before one that is known");
  }
  for (const answer of await Promise.all(known)) assert.match(answer.headers.get("cache-status"), /nothing, arbiter silent/);
  await worker.get("/livez", { headers: { "vedette-trap": "down=" } });
  await worker.stands();
});
