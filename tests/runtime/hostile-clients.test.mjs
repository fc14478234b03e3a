// Clients that ask for what nobody has, in floods, and send what nobody reads: no object is ever asked for them. (What clients send as
// bytes, and how slowly, is in hostile-bytes.test.mjs.)

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { answers, config, origin, startWorker, until } from "./lib.mjs";

let primary, worker;

before(async () => {
  primary = await origin(answers.ok);
  worker = await startWorker(config({ shop: { primary: primary.port } }), { build: ".vedette/build-trap" });
  await until("the pool passes", async (see) => see(await worker.json("/health/shop")).status === "pass");
});

after(async () => {
  await worker?.stop();
  await primary?.stop();
});

/** It still lives, and its verdicts still stand. */
async function stands() {
  assert.equal((await worker.get("/livez")).status, 200);
  await until("the verdict stands", async (see) => see(await worker.text("/health/shop?format=text")) === "pass\n");
}

test("a megabyte of body to every path is refused or left unread", async () => {
  const body = "x".repeat(1_000_000);
  for (const path of ["/", "/health", "/health/shop", "/route/shop", "/livez", "/readyz", "/style.css", "/page.js"]) {
    const answer = await worker.get(path, { method: "POST", body });
    assert.equal(answer.status, 405, path);
    await answer.text();
  }
  assert.equal((await worker.get("/nope", { method: "POST", body })).status, 404);
  await stands();
});

test("unknown pools and origins never reach an object", async () => {
  await worker.get("/livez", { headers: { "vedette-trap": "down=memory,cache,arbiter-hangs,kv" } });
  // Whoever needs a verdict waits for the Arbiter now, and in the end is told that nothing is known.
  let known = 0;
  const waiting = worker.get("/health/shop?now").then((answer) => ((known = answer.status), answer));
  const paths = Array.from({ length: 500 }, (_, index) => [
    `/health/pool-${index}`, `/health/shop/origin-${index}?format=text`, `/route/pool-${index}`, `/route/pool-${index}?format=redirect`,
  ]).flat();
  for (let index = 0; index < paths.length; index += 100) {
    const batch = paths.slice(index, index + 100).map((path, one) => worker.get(path, { method: one % 2 ? "HEAD" : "GET" }));
    for (const answer of await Promise.all(batch)) {
      assert.equal(answer.status, 404);
      assert.equal(answer.headers.get("cache-status"), null, "no copy was asked for");
      await answer.text();
    }
  }
  const line = (await worker.text("/readyz?verbose")).match(/by layer: (.*)/)[1];
  assert.match(line, / memory, 0 cache, 0 arbiter, 0 kv, [12] nothing$/, "of 2,000 requests and two known ones only these needed a copy");
  assert.match((await waiting).headers.get("cache-status"), /nothing, arbiter silent/);
  assert.equal(known, 200);
  await worker.get("/livez", { headers: { "vedette-trap": "down=" } });
  await stands();
});
