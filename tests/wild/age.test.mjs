// Real caches in front of Vedette: what they show is never older than `Age` and `max-age` promise.
// Each answer of the worker gets a number on its way into a cache. So each answer of the cache
// tells which one it is, and since when at the latest the cache has it.

import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { writeFileSync } from "node:fs";
import { createServer, request as ask } from "node:http";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { freePort } from "../../scripts/lib/ports.mjs";
import { answers, origin, startWorker, until } from "../runtime/lib.mjs";
import { atEnd, endAll, folder, startNginx, startVarnish } from "./lib.mjs";

const KEY = "key-of-the-heartbeats";
const SECOND = 1000;
const PATHS = ["/", "/health", "/health/shop", "/route/shop"];

/**
 * How a cache counts: for how long it keeps an answer, and what it adds since it counts in whole
 * seconds.
 */
const caches = {
  // `Age` is not taken off, and the second in which a copy ends counts whole.
  nginx: { keeps: ({ maxAge }) => maxAge, rounds: SECOND },
  Varnish: { keeps: ({ maxAge, age }) => Math.max(0, maxAge - age), rounds: 0 },
};

/**
 * The plans, and how old the snapshot of an answer may be there while all is well, in whole
 * seconds.
 */
const plans = { paid: 1, free: 11 };

let watched;
const views = [];

/** Passes requests on to a worker and numbers its answers; `fetched` has them. */
async function numbered(worker) {
  const fetched = [];
  const server = createServer((incoming, outgoing) => {
    const begun = Date.now();
    const headers = { ...incoming.headers, host: `127.0.0.1:${worker.port}` };
    const { method, url: path } = incoming;
    ask({ host: "127.0.0.1", port: worker.port, method, path, headers }, (answer) => {
      const { age, "cache-control": control, "cache-status": layers } = answer.headers;
      const maxAge = Number(control.match(/max-age=(\d+)/)?.[1] ?? 0);
      fetched.push({ path, begun, age: Number(age ?? 0), control, layers, maxAge });
      outgoing.writeHead(answer.statusCode, [...answer.rawHeaders, "X-Fetched", String(fetched.length - 1)]);
      answer.pipe(outgoing);
    })
      .on("error", () => outgoing.destroy())
      .end();
  });
  const port = await freePort();
  await new Promise((resolve) => server.listen(port, "127.0.0.1", resolve));
  atEnd(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  return { port, fetched };
}

const HTTP = (port, target) => (home) =>
  `proxy_cache_path ${home}/cache keys_zone=vedette:1m;
server {
  listen 127.0.0.1:${port};
  location / {
    proxy_pass http://127.0.0.1:${target};
    proxy_cache vedette;
  }
}`;

const VCL = (target) => `backend vedette { .host = "127.0.0.1"; .port = "${target}"; }
sub vcl_backend_response { set beresp.grace = 0s; }`;

/** A job that reports once an hour beside a pool: its evidence is old while all is well. */
const config = (plan) => `plan = "${plan}"
heartbeat_secret = "HEARTBEAT_KEY"
[defaults]
interval = "1s"
fast_interval = "1s"
timeout = "900ms"
fall = 2
rise = 2
vantages = ["weur"]

[[pool]]
name = "shop"
vote_ttl = "6s"
expose_urls = true
[[pool.origin]]
name = "only"
url = "http://127.0.0.1:${watched.port}"

[[pool]]
name = "jobs"
[[pool.origin]]
name = "nightly"
kind = "heartbeat"
period = "1h"
`;

const tokenOf = (job) => `${job.replace("/", ".")}.${createHmac("sha256", KEY).update(`vedette heartbeat v1 ${job}`).digest("base64url")}`;

before(async () => {
  watched = await origin(answers.ok);
  atEnd(() => watched.stop());
  const secrets = join(folder("age"), "secrets");
  writeFileSync(secrets, `HEARTBEAT_KEY=${KEY}\n`);
  for (const plan of Object.keys(plans)) {
    const counted = plan === "free" ? { VEDETTE_AS_DEPLOYED: "1" } : {};
    const worker = await startWorker(config(plan), { env: { VEDETTE_SECRETS: secrets, ...counted } });
    atEnd(() => worker.stop());
    assert.equal((await worker.get(`/v1/heartbeat/${tokenOf("jobs/nightly")}`, { method: "POST" })).status, 204);
    for (const name of Object.keys(caches)) {
      const { port: target, fetched } = await numbered(worker);
      const port = await freePort();
      if (name === "nginx") await startNginx(HTTP(port, target), port);
      else await startVarnish(VCL(target), port);
      views.push({ name, plan, worker, url: `http://127.0.0.1:${port}`, fetched, seen: [] });
    }
  }
  const word = (worker) => worker.text("/health/shop?format=word");
  for (const { worker } of views) await until("the pool passes", async (see) => see(await word(worker)) === "pass");
});

after(endAll);

/** What an answer says of the pool. */
const word = (path, headers, body) =>
  path === "/" ? (body.includes("Everything passes") ? "pass" : "unknown") : headers.get("vedette-status");

/** Asks each path through a cache again and again, until `enough` of the last words. */
async function watch(view, what, enough) {
  const last = {};
  await until(
    `${view.name}, plan ${view.plan}: ${what}`,
    async (see) => {
      for (const path of PATHS) {
        const begun = Date.now();
        const answer = await fetch(view.url + path, { signal: AbortSignal.timeout(10_000) });
        const body = await answer.text();
        const number = Number(answer.headers.get("x-fetched"));
        view.seen.push({ path, begun, ended: Date.now(), number, word: word(path, answer.headers, body) });
        last[path] = view.seen.at(-1).word;
      }
      see([last, view.fetched.length, view.fetched.map((f) => f.age).join(" ")]);
      return enough(last);
    },
    60_000,
  );
}

const all = (wanted) => (last) => PATHS.every((path) => last[path] === wanted);

/** When a cache had an answer at the latest: when it first gave it to somebody. */
const had = (view, number) => Math.min(...view.seen.filter((seen) => seen.number === number).map(({ ended }) => ended));

/** How many more answers came out of a cache than it got. */
function copies({ seen, fetched }, path) {
  const of = (list) => list.filter((one) => one.path === path).length;
  return of(seen) - of(fetched);
}

const each = (body) => Promise.all(views.map(body));

describe("behind a cache", { concurrency: false }, () => {
  test("copies are given again while all is well", () =>
    each((view) =>
      watch(
        view,
        "copies",
        (last) =>
          all("pass")(last) &&
          PATHS.every((path) => copies(view, path) > 5) &&
          view.fetched.length > 4 * PATHS.length &&
          // Where a reader asks the Arbiter rarely, answers are older before they are given.
          (view.plan === "paid" || view.fetched.some(({ age }) => age >= 3)),
      ),
    ));

  test("no copy outlives the evidence beneath it", async () => {
    // From now on a cache answers in the origin's place: nothing renews what is known, and nothing
    // fails.
    watched.answer = (_, response) => response.writeHead(200, { "x-cache": "HIT" }).end('{"ok":true}');
    await each((view) => watch(view, "unknown", all("unknown")));
    for (const view of views) {
      const { validUntil } = (await view.worker.json("/health/shop/only")).checks["shop/only:verdict"][0];
      const ends = Date.parse(validUntil);
      const passes = view.seen.filter(({ word }) => word === "pass");
      for (const { number, path, begun } of passes) {
        // The copy was made within this time.
        const onItsWay = had(view, number) - view.fetched[number].begun;
        const over = begun - ends - onItsWay - caches[view.name].rounds;
        const answer = JSON.stringify(view.fetched[number]);
        assert.ok(over <= 0, `${view.name}, plan ${view.plan}: ${path} passes ${over} ms too long: ${answer}`);
      }
    }
  });

  test("no copy is given for longer than its answer allows", () => {
    for (const view of views) {
      const { keeps, rounds } = caches[view.name];
      for (const { number, path, begun } of view.seen) {
        const over = begun - had(view, number) - keeps(view.fetched[number]) * SECOND - rounds;
        assert.ok(over <= 0, `${view.name}, plan ${view.plan}: ${path} is ${over} ms too old: ${JSON.stringify(view.fetched[number])}`);
      }
    }
  });

  test("an answer is as old as the snapshot, and allows at most one second more", () => {
    for (const { plan, fetched } of views) {
      let late = 0;
      for (const answer of fetched) {
        const { age, maxAge, control, layers } = answer;
        // Without evidence there is nothing to keep.
        if (control === "no-store") continue;
        assert.ok(control === `max-age=${maxAge}` && maxAge <= age + 1, JSON.stringify(answer));
        // While one request has a copy refreshed, others are given the old one, which says by how
        // much it is overdue.
        const overdue = age > plans[plan];
        assert.ok(!overdue || /ttl=-|arbiter silent/.test(layers), JSON.stringify(answer));
        late += Number(overdue && !layers.includes("arbiter silent"));
      }
      assert.ok(late <= fetched.length / 4, `plan ${plan}: ${late} of ${fetched.length} are overdue`);
    }
  });
});
