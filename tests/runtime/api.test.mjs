// What programs read, against the built worker in workerd: lists, cursors and tags as over the
// wire; whatever the description of the API allows and forbids, asked by schemathesis; and the
// command line that shows the same to people.

import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { schemathesis } from "../../scripts/lib/python.mjs";
import { vedette } from "../../scripts/lib/worker.mjs";
import { answers, config, finished, origin, root, startWorker, until } from "./lib.mjs";

/** How many requests are made of the description, and from which seed. */
const REQUESTS = Number(process.env.VEDETTE_REQUESTS || 100);
const SEED = process.env.VEDETTE_FIRST || "20";

let worker, primary, standby;

before(async () => {
  [primary, standby] = [await origin(answers.ok), await origin(answers.broken)];
  const pools = { shop: { primary: primary.port, standby: standby.port }, docs: { only: primary.port } };
  worker = await startWorker(config(pools));
  await until("all is judged", async (see) => {
    const { origins } = await worker.json("/v1/origins");
    see(origins);
    return origins.every(({ status }) => status !== "unknown");
  });
});
after(async () => {
  await worker?.stop();
  await Promise.all([primary?.stop(), standby?.stop()]);
});

test("a list goes on by its cursor, and its tag saves the rest", async () => {
  const { origins, next } = await worker.json("/v1/origins?limit=2&fields=pool,name,status");
  assert.deepEqual(origins, [
    { pool: "shop", name: "primary", status: "pass" },
    { pool: "shop", name: "standby", status: "fail" },
  ]);
  const rest = await worker.json(`/v1/origins?limit=2&fields=name&cursor=${next}`);
  assert.deepEqual(rest, { origins: [{ name: "only" }] });
  const answer = await worker.get("/v1/pools?fields=name");
  const again = await worker.get("/v1/pools?fields=name", { headers: { "if-none-match": answer.headers.get("etag") } });
  assert.deepEqual([answer.status, again.status, await again.text()], [200, 304, ""]);
  assert.match(answer.headers.get("cache-status"), /^vedette; /);
});

test("a vote says what the probe measured, and an event what changed", async () => {
  await until("every vantage has made up its mind", async (see) => {
    const { votes } = await worker.json("/v1/votes?pool=shop&origin=standby&fields=opinion");
    return see(votes).length > 0 && votes.every(({ opinion }) => opinion === "fail");
  });
  const { votes } = await worker.json("/v1/votes?pool=shop&origin=standby&vantage=weur");
  assert.deepEqual(
    votes.map(({ success, status_code, opinion }) => ({ success, status_code, opinion })),
    [{ success: false, status_code: 500, opinion: "fail" }],
  );
  const { events } = await worker.json("/v1/events?pool=shop&origin=standby&kind=origin");
  assert.deepEqual([events[0].from, events[0].to], ["unknown", "fail"]);
});

test(`schemathesis finds nothing in ${REQUESTS} requests`, { timeout: 900_000 }, async () => {
  // An endless stream, what waits, and what only jobs may say are not asked for.
  const left = ["/v1/stream", "/v1/stream/{pool}", "/v1/heartbeat/{token}", "/route/{pool}"].flatMap((path) => ["--exclude-path", path]);
  const args = ["-m", "schemathesis.cli", "--config-file", join(root, "tests", "runtime", "api", "schemathesis.toml")];
  const run = ["run", `${worker.url}/openapi.json`, "--seed", SEED, ...left, "--max-examples", String(Math.ceil(REQUESTS / 30))];
  const { code, said } = await finished(schemathesis.python, [...args, ...run], { cwd: worker.folder, env: process.env }, 900_000);
  assert.equal(code, 0, said);
  const made = Number(said.match(/(\d+) generated/)?.[1]);
  assert.ok(made >= REQUESTS, `${made} requests: ${said}`);
});

/** The command line against the worker. */
const said = (...args) => finished(...vedette(...args), { cwd: root, env: { ...process.env, VEDETTE_URL: worker.url, VEDETTE_TOKEN: "" } });

test("vedette status says how everything is, and fails where something does", async () => {
  const table = await said("status");
  assert.equal(table.code, 0, table.said);
  const lines = table.said.split("\n");
  assert.match(lines[0], /^ +status +since +why$/);
  assert.match(lines[1], /^shop +warn +\d{4}-.*Z +\S/);
  assert.match(lines[2], /^ {2}primary +pass +/);
  assert.match(lines[3], /^ {2}standby +fail +.*500/);
  const { code, said: text } = await said("status", "--json");
  const { pools, origins } = JSON.parse(text);
  assert.deepEqual([code, pools.length, origins.length], [0, 2, 3]);
});

test("vedette events says what changed, and refuses what the worker refuses", async () => {
  const table = await said("events", "--pool", "shop", "--origin", "standby");
  assert.equal(table.code, 0, table.said);
  assert.match(table.said, /shop\/standby +unknown -> fail +/);
  const { events } = JSON.parse((await said("events", "--json", "--since", "2020-01-01T00:00:00Z")).said);
  assert.ok(events.length >= 5);
  for (const [args, words] of [
    [["--since", "yesterday"], /since=2026-01-31T09:41:00Z/],
    [["--pool", "nope"], /no pool of this name/],
  ]) {
    const { code, said: refused } = await said("events", ...args);
    assert.equal(code, 1);
    assert.match(refused, words);
  }
});
