// Answers that are given again without a step into wasm: the same as those made anew, and no longer
// than they hold.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { answers, config, origin, startWorker, until } from "./lib.mjs";

let primary, standby, worker;

before(async () => {
  primary = await origin(answers.ok);
  standby = await origin(answers.ok);
  worker = await startWorker(config({ shop: { primary: primary.port, standby: standby.port } }));
  await until("the pool passes", async (see) => see(await worker.json("/health/shop")).status === "pass");
});

after(async () => {
  await worker?.stop();
  await primary?.stop();
  await standby?.stop();
});

/** How many answers came from each layer. */
async function counts() {
  const [, line] = (await worker.text("/readyz?verbose")).match(/by layer: (.*)/);
  return Object.fromEntries(
    line
      .split(", ")
      .map((part) => part.split(" ").reverse())
      .map(([layer, count]) => [layer, Number(count)]),
  );
}

const paths = ["/health", "/health/shop", "/health/shop/primary", "/health?format=text", "/route/shop", "/route/shop?format=text"];

for (const path of paths) {
  test(`${path} is answered from memory but for its refreshes`, async () => {
    const before = await counts();
    const begun = Date.now();
    for (let count = 0; count < 6; count += 1) await Promise.all(Array.from({ length: 10 }, () => worker.text(path)));
    // A refresh each half second, with one more for each path and for readiness; the rest costs
    // nobody anything.
    const refreshes = Math.ceil((Date.now() - begun) / 500) + 3;
    const after = await counts();
    const asked = after.arbiter + after.cache - before.arbiter - before.cache;
    assert.ok(asked <= refreshes, `${asked} refreshes in ${Date.now() - begun} ms`);
    assert.ok(after.memory - before.memory >= 60 - asked, JSON.stringify({ before, after }));
  });

  test(`${path} given again has the bytes and header fields of one made anew`, async () => {
    const anew = path.includes("?") ? `${path}&now` : `${path}?now`;
    await until("a pair of one second", async (see) => {
      await (await worker.get(path)).text();
      const pair = [await worker.get(path), await worker.get(anew)];
      const [again, made] = await Promise.all(
        pair.map(async (answer) => ({ status: answer.status, body: await answer.text(), headers: Object.fromEntries(answer.headers) })),
      );
      for (const answer of [again, made]) for (const name of ["cache-status", "date"]) delete answer.headers[name];
      see({ again, made });
      return JSON.stringify(again) === JSON.stringify(made);
    });
  });
}

test("HEAD and conditional requests are not answered with a body that is kept", async () => {
  const { headers } = await worker.get("/health/shop");
  assert.equal(await (await worker.get("/health/shop", { method: "HEAD" })).text(), "");
  await until("not modified", async (see) => {
    const etag = (await worker.get("/route/shop")).headers.get("etag");
    const answer = await worker.get("/route/shop", { headers: { "if-none-match": etag } });
    return see(answer.status) === 304 && (await answer.text()) === "";
  });
  assert.ok(headers.get("etag"));
});

test("what is given again changes when the verdict does, on every path", async () => {
  primary.answer = answers.broken;
  await until("the origin fails", async (see) => see((await worker.get("/health/shop/primary")).status) === 503);
  await until("the signal names the standby", async (see) => see((await worker.json("/route/shop")).origin) === "standby");
  await until("the whole warns", async (see) => see(await worker.text("/health?format=text")) === "warn\n");
});
