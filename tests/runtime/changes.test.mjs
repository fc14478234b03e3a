// Changes in workerd: one is started, applied, measured and judged; all of it outlives a restart.
// Who may read and write them, and what is odd.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { vedette } from "../../scripts/lib/worker.mjs";
import { config, finished, origin, person, root, startWorker, until } from "./lib.mjs";

const { token, entry } = person("ada");
const folder = mkdtempSync(join(tmpdir(), "vedette-changes-"));
let worker, primary, standby;

/**
 * An origin whose answers take so many milliseconds and up to a hundred more, each by itself, and
 * say what its database did. What a busy machine adds is alike from one answer to the next, and
 * must be little beside that.
 */
const slow = (self) => async (_request, response) => {
  const ms = self.ms + 100 * Math.random();
  await new Promise((resolve) => setTimeout(resolve, ms));
  const render = self.render * (1 + Math.random() / 10);
  const timing = `db;dur=${(ms / 2).toFixed(1)};desc="${self.calls}", render;dur=${render.toFixed(3)}`;
  response.writeHead(200, { "content-type": "application/json", "cache-control": "no-store", "server-timing": timing });
  response.end('{"ok":true}');
};

before(async () => {
  primary = await origin((...args) => slow(primary)(...args));
  standby = await origin((...args) => slow(standby)(...args));
  Object.assign(primary, { ms: 120, calls: 3, render: 40 });
  Object.assign(standby, { ms: 20, calls: 3, render: 40 });
  const secrets = join(folder, "secrets");
  writeFileSync(secrets, `ADMIN=${entry}\n`);
  const access = '\n[access]\nadmin_tokens = "ADMIN"\napi = "public"\n';
  const text = config({ shop: { primary: primary.port, standby: standby.port } }, { vantages: ["weur", "enam"] });
  const named = text.replace("expect = { ", 'expect = { timings = ["render"], ');
  worker = await startWorker(named + access, { env: { VEDETTE_SECRETS: secrets } });
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

  // Beside it, on the other origin: one that is about a metric alone. Its windows may have so many
  // samples that each vantage is a step of each look.
  const metric = await post("/v1/changes", {
    ...draft,
    before: "48m",
    origins: ["shop/standby"],
    expectations: ["timing render of shop/standby down by 30%"],
  });
  const { id: other } = await metric.json();
  assert.equal(metric.status, 201);
  const rendered = async () => (await worker.json("/v1/samples/shop/standby")).samples.at(-1).timings.render;
  assert.ok((await rendered()) >= 40);
  standby.render = 20;
  assert.equal((await post(`/v1/changes/${other}/applied`)).status, 200);

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
  const faster = await until("the other is judged", async (see) => see(await show(other)).state === "judged" && show(other));
  const [render] = faster.judgement.expectations;
  assert.deepEqual([faster.verdict, render.strata.length], ["improved", 2], JSON.stringify(faster));
  for (const { before, after } of render.strata) assert.ok(before.value >= 40 && after.value < 23, JSON.stringify([before, after]));
  assert.equal((await post(`/v1/changes/${other}/closed`, { fate: "kept" })).status, 200);
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

/** The command line, asking the worker. */
const typed = (...args) =>
  finished(...vedette(...args), { cwd: root, env: { ...process.env, VEDETTE_URL: worker.url, VEDETTE_TOKEN: token } }, 150_000);

test("from a terminal a regression is waited for, and ends with 1 and the way back", { timeout: 300_000 }, async () => {
  const flags = ["--title", "slower on purpose", "--owner", "Ada", "--rollback", "git revert 1a2b3c", "--origin", "shop/standby"];
  // The restart before is in the minute before, so half of it may have no samples.
  const windows = ["--before", "1m", "--after", "1m", "--warm-up", "0s"];
  const start = await typed("change", "start", ...flags, "--expect", "response time not up", ...windows);
  assert.equal(start.code, 0, start.said);
  const id = start.said.trim();
  assert.match(id, /^change-\d+$/);
  const early = await typed("change", "wait", id);
  assert.deepEqual([early.code, /is not applied/.test(early.said)], [1, true], early.said);
  standby.ms = 150;
  assert.match((await typed("change", "applied", id)).said, /is applied since 20/);
  const waited = await typed("change", "wait", id, "--fail-on", "regressed", "--timeout", "2m");
  assert.equal(waited.code, 1, waited.said);
  assert.match(waited.said, /regressed[\s\S]*way back: git revert 1a2b3c/);
  const shown = await typed("change", "show", id);
  assert.match(shown.said, /# change-\d+: slower on purpose[\s\S]*\| shop\/standby \| weur \| unclassified \|/);
  assert.equal(JSON.parse((await typed("change", "show", id, "--json")).said).verdict, "regressed");
  assert.equal((await typed("change", "close", id, "--fate", "rolled-back")).code, 0);
  assert.match((await typed("changes")).said, new RegExp(`${id} +closed +regressed +Ada +slower on purpose`));
  const page = await (await read(`/change/${id}`)).text();
  assert.match(page, /Regressed: take it back[\s\S]*git revert 1a2b3c/);
});

test("a worker that does not answer for a while is no regression", async () => {
  const states = ["measuring", undefined, "judged"];
  const double = createServer((_request, response) => {
    const state = states.shift();
    if (!state) return response.destroy();
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ id: "change-7", state, verdict: state === "judged" ? "improved" : null, sentence: "improved" }));
  });
  await new Promise((resolve) => double.listen(0, "127.0.0.1", resolve));
  const env = { ...process.env, VEDETTE_URL: `http://127.0.0.1:${double.address().port}`, VEDETTE_TOKEN: token };
  const { code, said } = await finished(...vedette("change", "wait", "change-7"), { cwd: root, env });
  await new Promise((resolve) => double.close(resolve));
  assert.deepEqual([code, said.trim(), states], [0, "change-7: improved", []]);
});

test("changes are told to people alone, and written by writers", async () => {
  for (const path of ["/v1/changes", "/v1/changes/change-1", "/changes", "/change/change-1"]) {
    assert.equal((await worker.get(path)).status, 401, path);
    assert.equal((await read(path)).status, 200, path);
  }
  const anonymous = await worker.get("/v1/changes", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(draft),
  });
  assert.equal(anonymous.status, 401);
  assert.ok((await worker.json("/v1/pools")).pools.length > 0, "the rest is as open as it was");
});

test("what is odd is refused with the way out, and changes nothing", async () => {
  const before = await (await read("/v1/changes")).text();
  const odd = async (status, words, body, path = "/v1/changes") => {
    const answer = await post(path, body);
    const { detail } = await answer.json();
    assert.deepEqual([answer.status, words.test(detail)], [status, true], `${answer.status} ${detail}`);
  };
  await odd(422, /title has 0 characters; write 1 to 120/, { ...draft, title: "" });
  await odd(422, /before is no length from 30s to 22h/, { ...draft, before: "2days" });
  await odd(422, /contradict each other/, { ...draft, expectations: ["p95 down", "p95 up"] });
  await odd(422, /shop\/primary do not keep the metric queue; write timings = \["queue"\]/, {
    ...draft,
    expectations: ["timing queue down"],
  });
  await odd(422, /there is no origin shop\/nope/, { ...draft, origins: ["shop/nope"] });
  await odd(422, /Send \{"title"/, { ...draft, colour: "red" });
  await odd(413, /32768 bytes/, { ...draft, rollback: "x".repeat(40_000) });
  await odd(404, /no change of this id/, undefined, "/v1/changes/change-999/applied");
  await odd(404, /no change of this id/, undefined, "/v1/changes/nope/applied");
  await odd(422, /Send \{"fate"/, { fate: "lost" }, "/v1/changes/change-1/closed");
  await odd(409, /It is closed/, { fate: "kept" }, "/v1/changes/change-1/closed");
  for (const query of ["open=maybe", "limit=0", "limit=101", "fields=nope", "cursor=-1", "colour=red"]) {
    assert.equal((await read(`/v1/changes?${query}`)).status, 400, query);
  }
  assert.equal((await read("/v1/changes/change-1?format=pdf")).status, 400);
  assert.equal((await read("/v1/changes/change-999")).status, 404);
  const { changes } = await (await read("/v1/changes?fields=id,verdict&limit=1")).json();
  assert.deepEqual(Object.keys(changes[0]), ["id", "verdict"]);
  assert.equal(await (await read("/v1/changes")).text(), before);
});
