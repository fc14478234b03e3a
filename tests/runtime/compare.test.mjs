// `vedette compare` against a server that answers `/v1/samples` as a worker does: what is asked,
// what is said, and how the command ends.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { vedette } from "../../scripts/lib/worker.mjs";
import { finished, root } from "./lib.mjs";

const MINUTE = 60_000;
const APPLIED = Math.floor(Date.now() / MINUTE) * MINUTE - 70 * MINUTE;
const at = (ms) => new Date(ms).toISOString();

/** How many milliseconds an answer took, by when it was asked for and a number from 0 to 1. */
let course, server, url;
/** Vantages that do not answer. */
let silent = [];
const asked = [];

/** The samples of a window from two vantages, a page of at most 50 at a time. */
function samples(from, to, cursor) {
  const all = [];
  for (let ms = from; ms < to; ms += 20_000)
    for (const vantage of ["weur", "enam"]) {
      // Spread evenly, and in no order that repeats soon.
      const chance = (((ms / 20_000) * 7919) % 101) / 101;
      all.push({ at: at(ms), vantage, evidence: "pass", kind: null, complete: true, status: 200, bytes: 900, ...course(ms, chance) });
    }
  const page = all.slice(cursor, cursor + 50);
  return { pool: "shop", origin: "primary", silent, samples: page, next: cursor + 50 < all.length ? String(cursor + 50) : null };
}

before(async () => {
  server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url, "http://127.0.0.1");
    asked.push(pathname);
    const [from, to, cursor] = ["from", "to", "cursor"].map((name) => Number(searchParams.get(name)));
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify(samples(from, Math.min(to, Date.now()), cursor)));
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${server.address().port}`;
});
after(() => new Promise((resolve) => server.close(resolve)));

const compare = (...args) =>
  finished(...vedette("compare", "shop/primary", ...args), { cwd: root, env: { ...process.env, VEDETTE_URL: url, VEDETTE_TOKEN: "" } });
const usual = ["--applied", at(APPLIED), "--window", "1h"];

/** Answers of an origin that says what its database did. */
const origin = (slower, calls) => (ms, chance) => ({
  cache: "origin-proven",
  response_ms: Math.round((80 + 20 * chance) * (ms < APPLIED ? 1 : slower)),
  db_calls: ms < APPLIED ? 3 : calls,
  db_ms: Math.round(20 + 5 * chance),
});

test("an origin that got slower has regressed, and the command fails", async () => {
  course = origin(1.6, 3);
  const { code, said } = await compare(...usual);
  assert.equal(code, 1, said);
  assert.match(said, /^response time any: /m);
  assert.match(said, /shop\/primary +(weur|enam) +origin-proven +\d+\.\d+ \(180\) +\d+\.\d+ \(\d+\) +1\.[56]\d+ \[.*regressed/);
  assert.ok(asked.length > 4 && asked.every((path) => path === "/v1/samples/shop/primary"));
});

test("one that does what was expected has improved", async () => {
  course = origin(0.5, 1);
  const { code, said } = await compare(...usual, "--expect", "p95 down by 30%", "--expect", "database calls at most 2", "--json");
  const judgement = JSON.parse(said);
  assert.deepEqual([code, judgement.verdict, judgement.final], [0, "improved", true], said);
  assert.deepEqual(
    judgement.expectations.map(({ expectation, verdict }) => [expectation, verdict]),
    [
      ["p95 down by 30%", "improved"],
      ["database calls at most 2", "improved"],
    ],
  );
});

test("a metric that the samples tell is judged by its name, and one that they do not is named", async () => {
  course = (ms, chance) => ({
    ...origin(1, 3)(ms, chance),
    timings: { Render: (ms < APPLIED ? 0.4 : 0.2) + chance / 50, queue: 5 + chance },
  });
  const { code, said } = await compare(...usual, "--expect", "timing render down by 30%", "--expect", "timing queue not up", "--json");
  const { expectations } = JSON.parse(said);
  assert.deepEqual([code, expectations.map(({ verdict }) => verdict)], [0, ["improved", "unchanged"]], said);
  const none = await compare(...usual, "--expect", "timing view down");
  assert.equal(none.code, 3, none.said);
  assert.match(none.said, /too few samples tell view: .* timings in expect/);
});

test("one that stays as it is is unchanged, and who did not answer is named", async (t) => {
  course = origin(1, 3);
  silent = ["apac"];
  t.after(() => (silent = []));
  const { code, said } = await compare(...usual, "--json");
  const { verdict, silent: missing } = JSON.parse(said);
  assert.deepEqual([code, verdict, missing], [0, "unchanged", ["apac"]], said);
  assert.match((await compare(...usual)).said, /^no answer from apac: /m);
});

test("an outage before the change is cut out where that is asked for, and it is said", async () => {
  const [from, to] = [APPLIED - 40 * MINUTE, APPLIED - 20 * MINUTE];
  course = (ms, chance) => ({ ...origin(1, 3)(ms, chance), ...(ms >= from && ms < to ? { evidence: "fail", cache: "unclassified" } : {}) });
  const errors = (judgement) => judgement.expectations.find(({ expectation }) => expectation.startsWith("error rate"));
  const whole = JSON.parse((await compare(...usual, "--json")).said);
  assert.notEqual(errors(whole).verdict, "unchanged", "a third of what was before failed");
  assert.equal(whole.cuts, undefined);
  const { code, said } = await compare(...usual, "--cut", `${at(from)}/${at(to)}`, "--json");
  const cut = JSON.parse(said);
  assert.deepEqual([code, errors(cut).verdict], [0, "unchanged"], said);
  assert.deepEqual(cut.cuts, [{ from: at(from), to: at(to), samples: 120 }]);
  const text = await compare(...usual, "--cut", `${at(from)}/${at(to)}`);
  assert.ok(text.said.includes(`cut out: 120 samples from ${at(from)} to ${at(to)}`), text.said);
});

test("what only a cache made faster is no improvement of the origin", async () => {
  course = (ms, chance) => {
    const hit = ms >= APPLIED && chance > 0.1;
    return { ...origin(1, 3)(ms, chance), ...(hit ? { cache: "edge-only", response_ms: 3, db_calls: null, db_ms: null } : {}) };
  };
  const { code, said } = await compare(...usual, "--json");
  const { verdict, mix } = JSON.parse(said);
  assert.notEqual(verdict, "improved");
  assert.notEqual(code, 1, said);
  assert.match(mix[0].sentence, /hits/);
});

test("too little to go by is said, and is no success", async () => {
  course = origin(3, 3);
  const { code, said } = await compare("--applied", at(APPLIED), "--window", "2m");
  assert.equal(code, 3, said);
});

test("what cannot be asked is refused with the way out", async () => {
  for (const [args, words] of [
    [["--applied", "yesterday"], /write it as 2026-01-31T09:41:00Z/],
    [["--applied", at(Date.now() + MINUTE)], /nothing is measured yet/],
    [["--applied", at(APPLIED), "--window", "1s"], /--window 1s is no length from 1m to 6h/],
    [["--applied", at(APPLIED), "--warm-up", "soon"], /--warm-up soon/],
    [[...usual, "--expect", "faster please"], /begins with no measure/],
    [[...usual, "--expect", "p95 down", "--expect", "p95 up"], /contradict each other/],
    [[...usual, "--cut", at(APPLIED)], /--cut \S+ is no time from one moment to a later one; write it as 2026/],
    [[...usual, "--cut", `${at(APPLIED)}/${at(APPLIED)}`], /no time from one moment/],
    [["shop", ...usual], /shop is no origin; write POOL\/ORIGIN/],
  ]) {
    const { code, said } = await compare(...args);
    assert.deepEqual([code, words.test(said)], [2, true], said);
  }
});
