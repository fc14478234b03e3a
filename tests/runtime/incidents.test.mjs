// Incidents in workerd: a pool fails, is told of with cause and vantages, serves again, and all of
// it is still there after a restart. So is what writers noted of it.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { vedette } from "../../scripts/lib/worker.mjs";
import { answers, config, finished, origin, person, root, startWorker, until } from "./lib.mjs";

const { token, entry } = person("ada");
const folder = mkdtempSync(join(tmpdir(), "vedette-incidents-"));
let worker, only;

before(async () => {
  only = await origin(answers.ok);
  const secrets = join(folder, "secrets");
  writeFileSync(secrets, `ADMIN=${entry}\n`);
  const access = '\n[access]\nadmin_tokens = "ADMIN"\napi = "public"\n';
  worker = await startWorker(config({ shop: { only: only.port } }) + access, { env: { VEDETTE_SECRETS: secrets } });
});
after(async () => {
  await worker?.stop();
  await only?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const list = (query = "") => worker.json(`/v1/incidents${query}`);
const became = (status) =>
  until(`the pool is ${status}`, async (see) => see((await worker.json("/health/shop")).status) === status, 30_000);

test("an outage is an incident with cause and vantages, and outlives a restart", { timeout: 120_000 }, async () => {
  await became("pass");
  assert.deepEqual(await list(), { incidents: [] });
  only.answer = answers.broken;
  await became("fail");
  const open = await until("all three vantages are named", async (see) => {
    const { incidents } = see(await list("?open=true"));
    return incidents[0]?.vantages.length === 3 && incidents;
  });
  assert.equal(open.length, 1);
  const { id, cause, origins, served, worst, status } = open[0];
  assert.deepEqual([status, worst, cause.kind, cause.origin], ["open", "fail", "answer", "only"]);
  assert.match((await typed("incidents", "--open")).said, new RegExp(`Z +\\d+m?.*s so far +${id} +fail `));
  assert.match(cause.reason, /status 500/);
  assert.deepEqual([origins, served.map(({ origin }) => origin)], [["only"], [null]]);
  assert.match(id, /^shop-[0-9a-z]+$/);

  only.answer = answers.ok;
  await became("pass");
  const closed = await until("it is closed", async (see) => {
    const one = see(await worker.json(`/v1/incidents/${id}`));
    return one.status === "closed" && one;
  });
  assert.equal(closed.length_s, Math.floor((Date.parse(closed.closed) - Date.parse(closed.opened)) / 1_000));
  assert.equal(closed.fail_s, closed.length_s);
  assert.deepEqual(closed.notes, []);

  await worker.restart();
  const again = await until("the Arbiter answers", async (see) => {
    const one = see(await worker.json(`/v1/incidents/${id}`));
    return one.id === id && one;
  });
  assert.deepEqual(again, closed);
  // An answer from before it all is kept for five seconds; the tests below read the list.
  await until("the list has it", async (see) => see((await list()).incidents).length === 1);
});

test("what is odd is refused, and what is not there is 404", async () => {
  for (const [path, status] of [
    ["?open=maybe", 400],
    ["?from=2026-02-01T00:00:00Z&to=2026-01-01T00:00:00Z", 400],
    ["?limit=0", 400],
    ["?fields=nope", 400],
    ["?cursor=0000000000000000.5", 400],
    ["?pool=nope", 404],
    ["/shop-zzzz", 404],
    ["/nope-zzzz", 404],
    ["/nope", 404],
  ]) {
    const answer = await worker.get(`/v1/incidents${path}`);
    assert.deepEqual([path, answer.status], [path, status]);
    assert.equal(answer.headers.get("content-type"), "application/problem+json");
  }
  const fields = await list("?fields=id,worst");
  assert.deepEqual(Object.keys(fields.incidents[0]).sort(), ["id", "worst"]);
});

/** Sends a note; `{ status, body }`. */
async function note(id, body, headers = { authorization: `Bearer ${token}` }) {
  const sent = typeof body === "string" ? body : JSON.stringify(body);
  const init = { method: "POST", body: sent, headers: { "content-type": "application/json", ...headers } };
  const answer = await worker.get(`/v1/incidents/${id}/notes`, init);
  return { status: answer.status, body: await answer.json() };
}

test("writers note what they found, and it is there once, in the audit log too, and after a restart", async () => {
  const [{ id }] = (await list()).incidents;
  const text = "The disk was full.\n<b>Emptied</b> it.";
  const headers = { authorization: `Bearer ${token}`, "idempotency-key": "disk" };
  const first = await note(id, { text }, headers);
  assert.deepEqual([first.status, first.body.who, first.body.text], [201, "ada", text]);
  assert.deepEqual(await note(id, { text }, headers), first);
  assert.equal((await note(id, { text: "another" }, headers)).status, 422);
  const noted = await until("it is noted", async (see) => {
    const one = see(await worker.json(`/v1/incidents/${id}`));
    return one.note_count === 1 && one;
  });
  assert.deepEqual(noted.notes, [{ at: first.body.at, text }], "whoever has no token is not told who");
  const audit = await (await worker.get("/v1/audit", { headers: { authorization: `Bearer ${token}` } })).json();
  assert.deepEqual([audit[0].what, audit[0].who, audit[0].noted], [`note on ${id}`, "ada", text]);
  await worker.restart();
  const again = await until("the Arbiter answers", async (see) => {
    const one = see(await worker.json(`/v1/incidents/${id}`));
    return one.id === id && one;
  });
  assert.deepEqual(again, noted);
});

/** What a page says without its tags, and where its links lead. */
async function read(path) {
  const answer = await worker.get(path);
  assert.deepEqual([path, answer.status, answer.headers.get("content-type")], [path, 200, "text/html; charset=utf-8"]);
  const page = await answer.text();
  const links = [...page.matchAll(/ href="([^"]*)"/g)].map(([, href]) => new URL(href, `${worker.url}${path}`).pathname);
  return { page, links, text: page.replace(/<[^>]*>/g, " ") };
}

test("the pages of incidents show what the API answers, and lead there", async () => {
  const [listed] = (await list()).incidents;
  const one = await worker.json(`/v1/incidents/${listed.id}`);
  const table = await read("/incidents");
  const about = await read(`/incident/${one.id}`);
  for (const { page, text } of [table, about]) {
    assert.ok(page.includes(`datetime="${one.opened}"`), page);
    const seconds = [...text.matchAll(/(\d+) s\b/g)].map(([, count]) => Number(count));
    assert.ok(seconds.includes(one.length_s), `${one.length_s} s is not in ${text}`);
    for (const said of [one.cause.reason, one.worst, ...one.vantages]) assert.ok(text.includes(said), `${said} is not in ${text}`);
  }
  assert.equal(table.page.match(/<h1>(.*)<\/h1>/)[1], "No incident is open");
  assert.ok(about.page.includes(`datetime="${one.closed}"`));
  assert.ok(one.notes.length > 0 && about.page.includes("&lt;b&gt;Emptied&lt;/b&gt; it."), "a note is text");
  for (const { at } of one.notes) assert.ok(about.page.includes(`datetime="${at}"`), at);
  assert.doesNotMatch(about.text, /\bada\b/, "whoever has no token is not told who");
  const known = await worker.get(`/incident/${one.id}`, { headers: { authorization: `Bearer ${token}` } });
  assert.match((await known.text()).replace(/<[^>]*>/g, " "), /by +ada/);
  assert.ok(table.links.includes(`/incident/${one.id}`) && table.links.includes("/v1/incidents"));
  assert.ok(about.links.includes(`/v1/incidents/${one.id}`) && about.links.includes("/pool/shop"));
  for (const path of ["/", "/pool/shop"]) assert.ok((await read(path)).links.includes("/incidents"), path);
  for (const [path, status] of [
    ["/incident/shop-zzzz", 404],
    ["/incident/nope-zzzz", 404],
    ["/incidents?pool=nope", 404],
    ["/incidents?limit=1", 400],
  ])
    assert.deepEqual([path, (await worker.get(path)).status], [path, status]);
});

test("a note that is none is refused, and says what to write", async () => {
  const [{ id }] = (await list()).incidents;
  for (const [which, body, headers, status] of [
    [id, { text: "x" }, {}, 401],
    [id, { text: "x" }, { authorization: `Bearer ${token}`, "sec-fetch-site": "cross-site" }, 403],
    ["shop-zzzz", { text: "x" }, undefined, 404],
    [id, { text: "x" }, { authorization: `Bearer ${token}`, "content-type": "text/plain" }, 415],
    [id, { text: "x".repeat(9_000) }, undefined, 413],
    [id, { text: "x".repeat(2_001) }, undefined, 422],
    [id, { text: " " }, undefined, 422],
    [id, { text: "a\u202eb" }, undefined, 422],
    [id, { text: "x", more: 1 }, undefined, 422],
    [id, "{", undefined, 422],
  ]) {
    const answer = await note(which, body, headers);
    assert.equal(answer.status, status, `${JSON.stringify(answer.body)} for ${JSON.stringify(body).slice(0, 60)}`);
    assert.ok(answer.body.detail.length > 10);
  }
  const answer = await worker.get(`/v1/incidents/${id}/notes`);
  assert.deepEqual([answer.status, answer.headers.get("allow")], [405, "POST"]);
});

/** The command line against the worker, with or without the token. */
const typed = (...args) => run(token, ...args);
const run = (shown, ...args) =>
  finished(...vedette(...args), { cwd: root, env: { ...process.env, VEDETTE_URL: worker.url, VEDETTE_TOKEN: shown } });

test("vedette incidents and incident say in a terminal what was, and note what was found", async () => {
  const [{ id }] = (await list()).incidents;
  const { code, said } = await typed("incidents", "--pool", "shop");
  assert.equal(code, 0, said);
  assert.match(said.split("\n")[0], /^opened +lasted +id +what +seen from +cause$/);
  assert.match(said, new RegExp(`\\d{4}-.*Z +\\d+m?.*s +${id} +fail +.*weur.* +only: .*status 500`));
  assert.equal((await typed("incidents", "--open")).said.trim().split("\n").length, 1, "none is open");
  assert.equal(JSON.parse((await typed("incidents", "--json")).said).incidents[0].id, id);

  const words = "Seen from the terminal, too.";
  const wrote = await typed("incident", "note", id, words);
  assert.deepEqual([wrote.code, /^noted at \d{4}-/.test(wrote.said)], [0, true], wrote.said);
  assert.deepEqual(await typed("incident", "note", id, words), wrote, "once, however often it is sent");
  const shown = await until("both notes are told", async (see) => {
    const { code, said } = see(await typed("incident", "show", id));
    return code === 0 && said.includes(words) && said;
  });
  assert.match(shown, /^cause +only: .*status 500/m);
  assert.match(shown, /^note \d{4}-\S+ +ada: The disk was full\.\n {20,}<b>Emptied<\/b> it\.$/m);
  assert.equal(shown.split(words).length, 2);

  for (const [shown, args, wanted, words] of [
    ["", ["incident", "note", id, "x"], 2, /VEDETTE_TOKEN is empty/],
    [token, ["incident", "note", id, " "], 1, /write 1 to 2000/],
    [token, ["incident", "show", "../../health"], 2, /as shop-/],
    [token, ["incident", "show", "shop-zzzz"], 1, /incident/],
    [token, ["incidents", "--from", "yesterday"], 1, /RFC 3339/],
    [token, ["history", "shop"], 2, /POOL\/ORIGIN/],
    [token, ["history", "shop/nope"], 1, /name/],
    [token, ["history", "shop/only", "--step", "1s"], 1, /step is 5m/],
  ]) {
    const { code, said } = await run(shown, ...args);
    assert.equal(code, wanted, `${args}: ${said}`);
    assert.match(said, words);
  }
});
