// `/v1/stream`: what changes of all pools, in a running worker: to scripts, curl and a browser, and
// never a word of what is hidden.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { browser } from "./browser.mjs";
import { answers, origin, person, program, startWorker, until } from "./lib.mjs";
import { stream } from "./stream.mjs";

const folder = mkdtempSync(join(tmpdir(), "vedette-stream-"));
const { token, entry } = person("ada");
const bearer = { authorization: `Bearer ${token}` };

let primary, standby, memo, veiled, worker, chrome;

const url = ({ port }) => `url = "http://127.0.0.1:${port}/health"`;

before(async () => {
  [primary, standby, memo, veiled] = await Promise.all([1, 2, 3, 4].map(() => origin(answers.ok)));
  const secrets = join(folder, "secrets");
  writeFileSync(secrets, `READ=${entry}\n`);
  worker = await startWorker(
    `[access]
read_tokens = "READ"
api = "public"
[defaults]
interval = "1s"
fast_interval = "1s"
timeout = "500ms"
fall = 2
rise = 2
vantages = ["weur"]
[[pool]]
name = "shop"
[[pool.origin]]
name = "primary"
priority = 0
${url(primary)}
[[pool.origin]]
name = "standby"
priority = 1
${url(standby)}
[[monitor]]
name = "memo"
${url(memo)}
[[monitor]]
name = "veiled"
title = "Unseen"
public = false
${url(veiled)}
`,
    { env: { VEDETTE_SECRETS: secrets } },
  );
  chrome = await browser();
});

after(async () => {
  await chrome?.close();
  await worker?.stop();
  await Promise.all([primary, standby, memo, veiled].map((one) => one?.stop()));
  rmSync(folder, { recursive: true, force: true });
});

/** Everything passes, and every vote agrees: nothing changes by itself. */
const rest = () =>
  until("everything passes", async (see) => {
    const { votes } = await (await worker.get("/v1/votes", { headers: bearer })).json();
    const { origins } = await (await worker.get("/v1/origins", { headers: bearer })).json();
    const settled = votes.length === 4 && votes.every(({ opinion, success }) => opinion === "pass" && success);
    return see(settled && origins.every(({ status }) => status === "pass"));
  });

/** What a client that comes back is told at once: nothing if nothing is new to it. */
async function present(headers = {}) {
  const events = await stream(worker, "/v1/stream", headers);
  const pools = (await (await worker.get("/v1/pools", { headers })).json()).pools;
  const found = [];
  for (let n = 0; n < pools.length; n += 1) found.push(await events.next());
  return { events, pools, found };
}

/** The events until one of this kind and subject, that one included. */
async function heard(events, is) {
  const all = [];
  for (;;) {
    const next = await events.next();
    assert.ok(next, "it has ended");
    all.push(next);
    if (is(next)) return all;
  }
}

const named = ({ pool, origin }) => (origin ? `${pool}/${origin}` : pool);

test("a stream begins with a verdict of each pool that its client may see, as the list has it", async () => {
  await rest();
  for (const [headers, names] of [
    [{}, ["shop", "memo"]],
    [bearer, ["shop", "memo", "veiled"]],
  ]) {
    const { events, pools, found } = await present(headers);
    assert.equal(events.answer.headers.get("content-type"), "text/event-stream; charset=utf-8");
    assert.equal(events.answer.headers.get("cache-control"), "no-store");
    assert.equal(events.answer.headers.get("access-control-allow-origin"), headers.authorization ? null : "*");
    assert.deepEqual(
      found.map(({ event }) => event),
      names.map(() => "verdict"),
    );
    assert.deepEqual(
      found.map(({ data }) => [data.name, data.status, data.chosen, data.revision]),
      pools.map(({ name, status, chosen, revision }) => [name, status, chosen, revision]),
    );
    assert.deepEqual(
      pools.map(({ name }) => name),
      names,
    );
    events.leave();
  }
});

test("each transition comes as the events have it, and whoever breaks off anywhere goes on without a gap", async () => {
  await rest();
  const { events, found } = await present();
  const since = new Date().toISOString();
  const isOver = ({ event, data }) => event === "verdict" && data.name === "shop" && data.chosen === "standby";
  primary.answer = answers.broken;
  const all = await heard(events, isOver);
  const told = all.filter(({ event }) => event === "transition").map(({ data }) => data);
  const listed = (await worker.json(`/v1/events?since=${since}`)).events.reverse();
  assert.deepEqual(told, listed.slice(0, told.length));
  assert.ok(told.some((change) => named(change) === "shop/primary" && change.to === "fail"));
  assert.ok(told.some((change) => named(change) === "shop" && change.to === "warn"));
  events.leave();
  // Wherever it breaks off: what was missed is told, and nothing of what it had.
  const ids = [found.at(-1), ...all].map(({ id }) => id);
  for (const [had, id] of ids.slice(0, -1).entries()) {
    const again = await stream(worker, "/v1/stream", { "last-event-id": id });
    const rest = await heard(again, isOver);
    assert.deepEqual(
      rest.filter(({ event }) => event === "transition").map(({ id }) => id),
      all
        .slice(had)
        .filter(({ event }) => event === "transition")
        .map(({ id }) => id),
      `after ${id}`,
    );
    again.leave();
  }
  // Whoever has everything hears of the next change first.
  const knowing = await stream(worker, "/v1/stream", { "last-event-id": all.at(-1).id });
  primary.answer = answers.ok;
  const next = await knowing.next();
  assert.deepEqual([next.event, named(next.data), next.data.to], ["transition", "shop/primary", "pass"]);
  knowing.leave();
});

test("what is hidden moves nothing for the public, and is told to a reader", async () => {
  await rest();
  const [open, full] = [await present(), await present(bearer)];
  veiled.answer = answers.broken;
  const isVeiled = ({ event, data }) => event === "verdict" && data.name === "veiled" && data.status === "fail";
  assert.ok((await heard(full.events, isVeiled)).some(({ event, data }) => event === "transition" && data.pool === "veiled"));
  const again = await present();
  assert.equal(again.found.at(-1).id, open.found.at(-1).id, "no place tells of it");
  memo.answer = answers.broken;
  const isMemo = ({ event, data }) => event === "verdict" && data.name === "memo" && data.status === "fail";
  const all = await heard(open.events, isMemo);
  assert.doesNotMatch(JSON.stringify(all), /veiled|Unseen/);
  [veiled, memo].forEach((one) => (one.answer = answers.ok));
  [open, full, again].forEach(({ events }) => events.leave());
});

test("who has the place of another configuration is told so, with how all stands", async () => {
  await rest();
  const { events, pools, found } = await present();
  const id = found.at(-1).id.replace(/^\w+/, "0123456789abcdef");
  const other = await stream(worker, "/v1/stream", { "last-event-id": id });
  const reset = await other.next();
  assert.deepEqual([reset.event, reset.data.reason, reset.id], ["reset", "another configuration is deployed", found.at(-1).id]);
  assert.deepEqual(
    reset.data.pools.map(({ name, status }) => [name, status]),
    pools.map(({ name, status }) => [name, status]),
  );
  const mad = await stream(worker, "/v1/stream?x=y", { "last-event-id": "x".repeat(2000) });
  assert.equal((await mad.next()).event, "verdict", "what is no place is none");
  [events, other, mad].forEach((one) => one.leave());
});

test("HEAD says what it is and begins none; only reading is a method of it", async () => {
  const head = await worker.get("/v1/stream", { method: "HEAD" });
  assert.deepEqual([head.status, head.headers.get("content-type")], [200, "text/event-stream; charset=utf-8"]);
  assert.equal((await worker.get("/v1/stream", { method: "POST" })).status, 405);
});

test("curl -N prints events as they come, and a comment when there are none", async () => {
  await rest();
  const curl = program("curl", ["-N", "-s", `${worker.url}/v1/stream`]);
  await until("it shows that it lives", async (see) => see(curl.said).includes("\n\n:\n\n"), 30_000);
  assert.match(curl.said, /^retry: \d+\nevent: verdict\nid: \S+\ndata: \{"name":"shop",/);
  standby.answer = answers.broken;
  await until("the transition is printed", async (see) => /event: transition\nid: \S+\ndata: .*"origin":"standby"/.test(see(curl.said)));
  standby.answer = answers.ok;
  await curl.stop();
});

test("EventSource hears each kind by its name, and goes on by itself after its stream has ended", async () => {
  await rest();
  const page = await chrome.newPage();
  // A page of the worker: its policy lets scripts ask their own host.
  await page.goto(`${worker.url}/`);
  await page.evaluate(() => {
    window.heard = [];
    window.opened = 0;
    const source = new EventSource("/v1/stream");
    source.onopen = () => (window.opened += 1);
    for (const kind of ["verdict", "transition", "reset"])
      source.addEventListener(kind, ({ type, data, lastEventId }) => window.heard.push({ type, id: lastEventId, data: JSON.parse(data) }));
  });
  const heard = () => page.evaluate(() => window.heard);
  await until("it has the verdicts", async (see) => see(await heard()).length === 2);
  memo.answer = answers.broken;
  await until("it hears of the change", async (see) =>
    see(await heard()).some(({ type, data }) => type === "transition" && data.pool === "memo" && data.to === "fail"),
  );
  await worker.restart();
  await until("it has connected again", async (see) => see(await page.evaluate(() => window.opened)) >= 2, 30_000);
  memo.answer = answers.ok;
  await until(
    "it hears of the next change",
    async (see) => see(await heard()).some(({ type, data }) => type === "transition" && data.pool === "memo" && data.to === "pass"),
    30_000,
  );
  const all = await heard();
  const transitions = all.filter(({ type }) => type === "transition").map(({ id }) => id);
  assert.equal(new Set(transitions).size, transitions.length, "none twice");
  assert.ok(
    all.every(({ type }) => type !== "reset"),
    "and without a gap",
  );
  await page.close();
});
