// Changes in workerd: one is started, applied, measured and judged; all of it outlives a restart.

import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { config, origin, startWorker, until } from "./lib.mjs";

const token = `vdt_${randomBytes(32).toString("base64url")}`;
const entry = `ada:${createHash("sha256").update(token).digest("hex")}`;
const folder = mkdtempSync(join(tmpdir(), "vedette-changes-"));
let worker, primary, standby;

/** An origin whose answers take about so many milliseconds, and say what its database did. */
const slow = (self) => async (_request, response) => {
  const ms = self.ms * (0.8 + 0.4 * Math.random());
  await new Promise((resolve) => setTimeout(resolve, ms));
  const timing = `db;dur=${(ms / 2).toFixed(1)};desc="${self.calls}"`;
  response.writeHead(200, { "content-type": "application/json", "cache-control": "no-store", "server-timing": timing });
  response.end('{"ok":true}');
};

before(async () => {
  primary = await origin((...args) => slow(primary)(...args));
  standby = await origin((...args) => slow(standby)(...args));
  Object.assign(primary, { ms: 20, calls: 3 });
  Object.assign(standby, { ms: 20, calls: 3 });
  const secrets = join(folder, "secrets");
  writeFileSync(secrets, `ADMIN=${entry}\n`);
  const access = '\n[access]\nadmin_tokens = "ADMIN"\napi = "public"\n';
  const text = config({ shop: { primary: primary.port, standby: standby.port } }, { vantages: ["weur", "enam"] });
  worker = await startWorker(text + access, { env: { VEDETTE_SECRETS: secrets } });
});
after(async () => {
  await worker?.stop();
  await primary?.stop();
  await standby?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const authorization = `Bearer ${token}`;
const post = (path, body, headers = {}) =>
  worker.get(path, {
    method: "POST",
    headers: { authorization, "content-type": "application/json", ...headers },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
const read = (path) => worker.get(path, { headers: { authorization } });
const show = async (id) => (await read(`/v1/changes/${id}`)).json();
const draft = {
  title: "index on orders.customer",
  owner: "Ada",
  expected: "The list of orders no longer scans the table.",
  expectations: ["response time down", "error rate not up"],
  rollback: "DROP INDEX orders_customer;",
  links: ["https://example.com/pull/17"],
  origins: ["shop/primary"],
  before: "30s",
  after: "40s",
  warm_up: "1s",
};

test("a change is started, applied, judged and closed, and outlives a restart", { timeout: 300_000 }, async () => {
  const early = await post("/v1/changes", { ...draft, before: "30s" });
  if (early.status === 409) assert.match((await early.json()).detail, /There is nothing to compare with/);
  await until(
    "a window of samples is there",
    async (see) => {
      const { samples } = see(await worker.json("/v1/samples/shop/primary"));
      return samples.length > 60;
    },
    90_000,
  );
  const started = await post("/v1/changes", draft, { "idempotency-key": "k1" });
  const text = await started.text();
  assert.equal(started.status, 201, text);
  const { id, state, before, owner } = JSON.parse(text);
  assert.deepEqual([state, owner], ["started", "Ada"]);
  assert.equal(started.headers.get("location"), `changes/${id}`);
  assert.equal(Date.parse(before.to) - Date.parse(before.from), 30_000);
  const again = await post("/v1/changes", draft, { "idempotency-key": "k1" });
  assert.deepEqual([again.status, (await again.json()).id], [201, id]);

  primary.ms = 5;
  const applied = await post(`/v1/changes/${id}/applied`);
  assert.equal(applied.status, 200, await applied.text());
  const twice = await post(`/v1/changes/${id}/applied`);
  assert.equal(twice.status, 409);
  assert.match((await twice.json()).detail, /It is applied since 20/);
  await worker.restart();
  const judged = await until(
    "it is judged",
    async (see) => {
      const one = see(await show(id));
      return one.state === "judged" && one;
    },
    120_000,
  );
  assert.equal(judged.verdict, "improved", JSON.stringify(judged));
  const [time] = judged.judgement.expectations;
  assert.deepEqual([...new Set(time.strata.map(({ origin }) => origin))], ["shop/primary"]);
  assert.deepEqual(time.strata.map(({ vantage }) => vantage).sort(), ["enam", "weur"]);
  const markdown = await (await read(`/v1/changes/${id}?format=markdown`)).text();
  assert.match(markdown, /\*\*Verdict: improved/);

  const closed = await post(`/v1/changes/${id}/closed`, { fate: "kept", note: "stays" });
  assert.equal(closed.status, 200);
  const last = await closed.json();
  assert.deepEqual([last.state, last.closed.fate, last.closed.who], ["closed", "kept", "ada"]);
  assert.equal((await post(`/v1/changes/${id}/closed`, { fate: "kept" })).status, 409);
  await worker.restart();
  assert.deepEqual((await until("it is there", async (see) => see(await show(id)).id && show(id))).judgement, judged.judgement);
});
