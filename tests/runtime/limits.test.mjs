// How often what proves nothing may be shown, and how often somebody may write: by a limiter of the
// platform, simulated by miniflare; by one that fails; and by none.

import assert from "node:assert/strict";
import { cpSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { answers, logs, origin, person, root, startWorker, until } from "./lib.mjs";

const folder = mkdtempSync(join(tmpdir(), "vedette-limits-"));
const [reader, ada, bob] = ["rita", "ada", "bob"].map(person);

/** Stands before the wasm worker: both limiters fail, as the header `test-limiter` says how. */
const failing = `
export * from "./real.js";
import * as real from "./real.js";
let how = "throws";
class Ratelimit {
  limit() {
    console.log(JSON.stringify({ limiter: how }));
    if (how === "throws") throw new TypeError("the limiter throws on purpose");
    if (how === "rejects") return Promise.reject(new Error("the limiter rejects on purpose"));
    return Promise.resolve(how === "odd" ? { odd: true } : undefined);
  }
}
export const answer = (request, env, ctx, hits) => {
  how = request.headers.get("test-limiter") ?? how;
  const bound = { FAILURES: new Ratelimit(), WRITES: new Ratelimit() };
  return real.answer(request, new Proxy(env, { get: (real, name) => bound[name] ?? Reflect.get(real, name) }), ctx, hits);
};
`;

/** What each isolate lets pass in a minute, and the limiters of cli/laptop.mjs. */
const OWN = 60;
const BOUND = 5;

let site, bound, broken, lone;
before(async () => {
  const secrets = join(folder, "secrets");
  writeFileSync(secrets, `READ=${reader.entry}\nADMIN=${ada.entry} ${bob.entry}\n`);
  const build = join(folder, "build");
  cpSync(join(root, "build"), build, { recursive: true });
  renameSync(join(build, "index.js"), join(build, "real.js"));
  writeFileSync(join(build, "index.js"), failing);
  site = await origin(answers.ok);
  const text = `[[monitor]]\nname = "shown"\nurl = "http://127.0.0.1:${site.port}"\n[access]\nread_tokens = "READ"\nadmin_tokens = "ADMIN"\n`;
  const start = (env) => startWorker(text, { env: { VEDETTE_SECRETS: secrets, ...env } });
  bound = await start({ VEDETTE_LIMITERS: "1" });
  broken = await start({ VEDETTE_BUILD: build });
  lone = await start({});
});
after(async () => {
  await Promise.all([bound, broken, lone].map((worker) => worker?.stop()));
  await site?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Shows a token from an address, as the platform names it. */
const shown = async (worker, address, token = person("eve").token, more = {}) => {
  const headers = { authorization: `Bearer ${token}`, "cf-connecting-ip": address, ...more };
  return (await worker.get("/metrics", { headers })).status;
};

/** The statuses of so many tries, one after another. */
const tries = async (count, work) => {
  const seen = [];
  for (let n = 0; n < count; n += 1) seen.push(await work(n));
  return seen;
};

/** Tries until one is refused as one too many; how many were not. A minute may end on the way. */
async function most(what, work) {
  let passed = 0;
  await until(what, async (see) => {
    const status = see(await work());
    if (status !== 429) passed += 1;
    return status === 429;
  });
  return passed;
}

test("the platform counts wrong tokens by address, and lets a good one pass", async () => {
  assert.ok((await most("an address is refused", () => shown(bound, "192.0.2.1"))) <= 2 * BOUND);
  assert.equal(await shown(bound, "192.0.2.2"), 401, "another address is not");
  assert.equal(await shown(bound, "192.0.2.1", reader.token), 200, "nor is a good token");
  // Somebody with very many addresses is counted as one.
  let n = 0;
  assert.ok((await most("a network is refused", () => shown(bound, `2001:db8:1:2::${(n += 1)}`))) <= 2 * BOUND);
  assert.equal(await shown(bound, "2001:db8:1:3::1"), 401);
  assert.equal(await shown(bound, "2001:db8:1:2::1", reader.token), 200);
});

const write = (worker, { token }, key, more = {}) =>
  worker.get("/v1/announcement", {
    method: "PUT",
    body: '{"title":"Moved"}',
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json", "idempotency-key": key, ...more },
  });

test("the platform counts writes by writer", async () => {
  let refused;
  await most("a writer is refused", async () => {
    refused = await write(bound, ada, "one");
    return refused.status;
  });
  assert.match(await refused.text(), /too-often/);
  assert.match(refused.headers.get("retry-after"), /^\d+$/);
  const other = await write(bound, bob, "two");
  assert.notEqual(other.status, 429, "another writer is not");
  const draft = { authorization: `Bearer ${ada.token}` };
  const reads = async (see) => see((await bound.get("/v1/announcement", { headers: draft })).status) === 200;
  await until("what was written is read, which is not writing", reads);
  await logs(bound, /"event":"write_refused","who":"ada"/);
});

for (const how of ["throws", "rejects", "odd", "nothing"]) {
  test(`a limiter that fails (${how}) leaves it to the isolate, which counts all alike`, async () => {
    const header = { "test-limiter": how };
    const address = (n) => `192.0.2.${n}`;
    const seen = await tries(3, (n) => shown(broken, address(n), undefined, header));
    assert.ok(
      seen.every((status) => [401, 429].includes(status)),
      seen.join(),
    );
    assert.equal(await shown(broken, address(9), reader.token, header), 200);
    await logs(broken, new RegExp(`"limiter":"${how}"`));
  });
}

test("without a limiter that works an isolate bounds both, and locks nobody with a good token out", async () => {
  for (const worker of [broken, lone]) {
    let n = 0;
    const wrong = await most("guesses are refused", () => shown(worker, `198.51.100.${(n += 1) % 250}`));
    assert.ok(wrong <= 2 * OWN, String(wrong));
    assert.equal(await shown(worker, "198.51.100.1", reader.token), 200);
    const writes = await most("writes are refused", async () => (await write(worker, ada, "one")).status);
    assert.ok(writes > BOUND && writes <= 2 * OWN, String(writes));
  }
});
