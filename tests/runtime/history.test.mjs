// History in workerd, with a real origin whose errors, speed and cache change: what the API says is
// what a script computes from the raw samples. The build for tests has rollups of 10 s.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { after, before, test } from "node:test";
import { vedette } from "../../scripts/lib/worker.mjs";
import { config, finished, python, root, sampleDatabase, sampleOrigin, startWorker, until } from "./lib.mjs";

const STEP_MS = 10_000;
let data, primary, standby, worker;

before(async () => {
  data = await sampleDatabase();
  primary = await sampleOrigin("primary", data.database);
  standby = await sampleOrigin("standby", data.database);
  const text = config({ shop: { primary: primary.port, standby: standby.port } });
  worker = await startWorker(text, { build: ".vedette/build-trap" });
});

after(async () => {
  await worker?.stop();
  await primary?.stop();
  await standby?.stop();
  data?.remove();
});

const misbehave = (body) =>
  fetch(`http://127.0.0.1:${primary.port}/misbehave`, {
    method: body ? "POST" : "DELETE",
    headers: { "content-type": "application/json" },
    body: body && JSON.stringify(body),
  });

const iso = (ms) => new Date(ms).toISOString();

/** Every raw sample of a window, page by page. */
async function samples(from, to) {
  const found = [];
  for (let cursor = ""; ; ) {
    const page = await worker.json(`/v1/samples/shop/primary?from=${from}&to=${to}${cursor}`);
    assert.ok(Array.isArray(page.samples), JSON.stringify(page));
    found.push(...page.samples);
    if (page.next === null) return found;
    cursor = `&cursor=${page.next}`;
  }
}

test("what history says is what a script computes from the raw samples", { timeout: 150_000 }, async (t) => {
  const begun = Math.floor(Date.now() / STEP_MS) * STEP_MS;
  await until("the pool passes", async (see) => see((await worker.json("/health/shop")).status) === "pass", 30_000);
  for (const order of [{ mode: "status", status: 503 }, { mode: "slow", delay_ms: 180 }, { mode: "cache", ttl_s: 5 }, { mode: "reset" }]) {
    await misbehave(order);
    await new Promise((resolve) => setTimeout(resolve, 6_000));
  }
  await misbehave();
  const enough = begun + 3 * STEP_MS;
  const path = (to) => `/v1/history/shop/primary?from=${begun}&to=${to}&step=5m&quantiles=0.5,0.9,0.99`;
  // The store of samples is behind by half a minute, rollups by one of theirs.
  await until("rollups have come", async (see) => Date.parse(see(await worker.json(path(enough))).complete_until) >= enough, 90_000);
  await new Promise((resolve) => setTimeout(resolve, 35_000));
  const raw = await samples(begun, begun + 6 * STEP_MS);
  // A probe near the end of the window may be counted in the next step.
  const calm = [5, 4, 3].map((steps) => begun + steps * STEP_MS);
  const to = calm.find((end) => raw.every(({ at }) => Math.abs(Date.parse(at) - end) > 60)) ?? enough;
  const history = await worker.json(path(to));
  const told = spawnSync(python, [`${root}/tests/runtime/history_figures.py`], {
    input: JSON.stringify({ samples: raw, history }),
    encoding: "utf8",
  });
  assert.equal(told.status, 0, told.stderr + JSON.stringify(history).slice(0, 2_000));
  t.diagnostic(told.stdout.trim());
  const { samples: compared, steps } = JSON.parse(told.stdout);
  assert.ok(compared > 30 && steps >= 3, told.stdout);
});

test("availability adds up to the whole time, and unknown time is shown apart", async () => {
  const { subjects } = await worker.json("/v1/availability/shop");
  assert.deepEqual(
    subjects.map(({ subject }) => subject),
    ["shop", "shop/primary", "shop/standby"],
  );
  for (const { subject, windows } of subjects) {
    const day = windows["24h"];
    const all = day.pass_s + day.warn_s + day.fail_s + day.unknown_s;
    assert.ok(Math.abs(all - 86_400) <= 4, `${subject}: ${JSON.stringify(day)}`);
    assert.ok(day.unknown_s > 80_000, "before the start nobody looked");
  }
  const primary = subjects[1].windows["24h"];
  assert.ok(primary.fail_s > 0 && primary.availability < 1, JSON.stringify(primary));
});

test("vedette history says in a terminal what was measured", async () => {
  const env = { ...process.env, VEDETTE_URL: worker.url, VEDETTE_TOKEN: "" };
  const typed = (...args) => finished(...vedette("history", "shop/primary", ...args), { cwd: root, env });
  const { code, said } = await typed();
  assert.equal(code, 0, said);
  const [head, ...rows] = said.trimEnd().split("\n");
  assert.match(head, /^from +class +samples +failed +p50 ms +p95 ms +p99 ms +db p95 ms +db calls$/);
  assert.ok(
    rows.some((row) => /^\d{4}-\S+Z +[a-z-]+ +[1-9]\d* +\d+ +\d+ +\d+ +\d+ +\d+ +\d+\.\d$/.test(row)),
    said,
  );
  assert.ok(
    rows.some((row) => /^\d{4}-\S+Z +nobody looked$/.test(row)),
    said,
  );
  const { steps } = JSON.parse((await typed("--json", "--vantage", "weur")).said);
  assert.ok(steps.some(({ classes }) => Object.values(classes).some(({ samples }) => samples > 0)));
});

test("nonsense is refused with the bound and what to write instead", async () => {
  const now = Date.now();
  for (const [path, wants] of [
    [`/v1/history/shop/primary?from=${now}&to=${now - 1}`, /ends before it begins/],
    ["/v1/history/shop/primary?step=1ms", /5m .*1h .*1d/],
    [`/v1/history/shop/primary?step=5m&from=${now - 4 * 86_400_000}`, /kept for 48 hours/],
    [`/v1/samples/shop/primary?from=${now - 365 * 86_400_000}&to=${now}`, /at most 6h/],
    ["/v1/samples/shop/primary?cursor=17", /not one of this window/],
    ["/v1/history/shop/primary?quantiles=2", /from 0 to 1/],
    ["/v1/history/shop/primary?class=warm", /none of/],
    ["/v1/history/shop/primary?from=yesterday", /RFC 3339/],
    ["/v1/availability/shop?window=1d", /not known/],
  ]) {
    const answer = await worker.get(path);
    const { detail, status } = await answer.json();
    assert.deepEqual([answer.status, status], [400, 400], path);
    assert.match(detail, wants, path);
  }
  assert.equal((await worker.get("/v1/history/shop/nobody")).status, 404);
  assert.equal((await worker.get("/v1/availability/nowhere")).status, 404);
});

test("an answer has a tag, and is not sent again to whoever has it", async () => {
  const to = Math.floor(Date.now() / STEP_MS) * STEP_MS;
  const path = `/v1/history/shop/primary?from=${iso(to - 6 * STEP_MS)}&to=${iso(to)}&step=5m`;
  const first = await worker.get(path);
  assert.match(first.headers.get("cache-control"), /max-age=30/);
  const again = await worker.get(path, { headers: { "if-none-match": first.headers.get("etag") } });
  assert.equal(again.status, 304);
});

test("a restart loses nothing that was stored", { timeout: 60_000 }, async () => {
  const to = Math.floor(Date.now() / STEP_MS) * STEP_MS - 4 * STEP_MS;
  const before = await samples(to - 6 * STEP_MS, to);
  assert.ok(before.length > 10, `${before.length}`);
  await worker.restart();
  assert.deepEqual(
    await samples(to - 6 * STEP_MS, to - 1),
    before.filter(({ at }) => Date.parse(at) < to - 1),
  );
});
