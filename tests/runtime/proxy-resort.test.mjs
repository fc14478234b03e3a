// What a route answers when no origin does, and how it shares traffic among those that do.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { freePort } from "../../scripts/lib/ports.mjs";
import { answers, config, origin, startWorker, until } from "./lib.mjs";
import { route, through } from "./through.mjs";

const hosts = (name) => `${name}.localhost`;
const origins = {};
let worker;

/** Origins that pass or fail their probes as told, and answer everything else with their name. */
async function named(name) {
  const self = await origin((request, response) => {
    if (request.headers["vedette-vantage"]) return (self.fails ? answers.broken : answers.ok)(request, response);
    self.asked = (self.asked ?? 0) + 1;
    if (self.act) return self.act(request, response);
    response.writeHead(200, self.headers?.(request) ?? {}).end(self.body?.(request) ?? name);
  });
  origins[name] = self;
  return self.port;
}

before(async () => {
  const pools = {};
  for (const pool of ["bare", "fixed", "kept", "tried", "shares", "slow"]) {
    pools[pool] = { [`${pool}-a`]: await named(`${pool}-a`), [`${pool}-b`]: await named(`${pool}-b`) };
  }
  const text = config(pools, { vantages: ["weur"], settings: { slow: 'failback_delay = "1s"' } })
    .replace('name = "shares-a"', 'name = "shares-a"\nweight = 3')
    .replace('name = "shares-b"', 'name = "shares-b"\nweight = 1');
  const to = (pool, settings) => route(settings, { host: hosts(pool), pool });
  worker = await startWorker(
    text +
      to("bare") +
      to("fixed", 'answer = { status = 503, content_type = "text/html; charset=utf-8", body = "<h1>Back soon</h1>" }') +
      to("kept", 'stale_if_error = "1h"\ntimeout = "1s"') +
      to("tried", "try_failing = true") +
      to("shares", 'steering = "weighted"') +
      to("slow", 'slow_start = "6s"'),
  );
  for (const pool of Object.keys(pools)) await status(pool, "pass");
});

after(async () => {
  await worker?.stop();
  await Promise.all(Object.values(origins).map((one) => one.stop()));
});

const status = (pool, wanted) =>
  until(`${pool} is ${wanted}`, async (see) => see(await worker.text(`/health/${pool}?format=text`)).trim() === wanted, 30_000);
const ask = (pool, path = "/", options = {}) => through(worker, path, { ...options, host: hosts(pool) });
const fail = (pool) => ["a", "b"].forEach((one) => (origins[`${pool}-${one}`].fails = true));

test("where every origin fails, the answer says so at once, and when to come back", async () => {
  fail("bare");
  await status("bare", "fail");
  const before = origins["bare-a"].asked ?? 0;
  const answer = await until("no lease of better days holds", async (see) => {
    const answer = see(await ask("bare"));
    return answer.status === 503 && answer;
  });
  assert.match(answer.headers["content-type"], /problem\+json/);
  assert.match(answer.text, /Every origin that could answer this request fails/);
  assert.match(answer.headers["retry-after"], /^\d+$/);
  assert.equal(answer.headers["proxy-status"], "vedette; error=destination_unavailable");
  const asked = origins["bare-a"].asked ?? 0;
  assert.ok(asked <= before + 1, "failing origins are left alone");
});

test("a static answer stands in where there is one", async () => {
  fail("fixed");
  await status("fixed", "fail");
  const answer = await until("the static answer", async (see) => {
    const answer = see(await ask("fixed"));
    return answer.status === 503 && answer;
  });
  assert.equal(answer.text, "<h1>Back soon</h1>");
  assert.equal(answer.headers["content-type"], "text/html; charset=utf-8");
  assert.match(answer.headers["retry-after"], /^\d+$/);
});

test("failing origins are tried where the route says so", async () => {
  fail("tried");
  await status("tried", "fail");
  const answer = await until("a last resort", async (see) => {
    const answer = see(await ask("tried"));
    return /last resort/.test(answer.headers["proxy-status"]) && answer;
  });
  assert.deepEqual([answer.status, answer.text], [200, "tried-a"]);
});

test("a copy stands in for an origin that does not answer, with its age, and only what is the same for all is kept", async () => {
  const one = origins["kept-a"];
  one.headers = (request) => {
    const by = {
      "/page": { "cache-control": "max-age=5", "content-type": "text/html", "content-length": 5 },
      "/private": { "cache-control": "private", "content-length": 5 },
      "/cookie": { "set-cookie": "a=b", "content-length": 5 },
      "/varied": { vary: "accept-language", "content-length": 5 },
      "/mine": { "content-length": 5 },
      "/empty": { "content-length": 0 },
    };
    return by[request.url.split("?")[0]] ?? {};
  };
  one.body = (request) => (request.url === "/empty" ? "" : "fresh");
  const mine = { headers: { cookie: "who=me" } };
  for (const path of ["/page", "/page?x", "/private", "/cookie", "/varied"]) assert.equal((await ask("kept", path)).text, "fresh");
  assert.equal((await ask("kept", "/mine", mine)).text, "fresh");
  // With a body of nothing there is nothing to keep, and nothing goes wrong.
  for (let times = 0; times < 2; times += 1)
    assert.deepEqual([(await ask("kept", "/empty")).status, (await ask("kept", "/empty")).text], [200, ""]);
  for (const each of ["a", "b"]) origins[`kept-${each}`].act = (request) => request.socket.destroy();
  const copy = await until("a copy of /page", async (see) => {
    const answer = see(await ask("kept", "/page"));
    return answer.status === 200 && answer;
  });
  assert.equal(copy.text, "fresh");
  assert.deepEqual([copy.headers["cache-control"], copy.headers["content-type"]], ["max-age=5", "text/html"]);
  assert.match(copy.headers.age, /^\d+$/);
  assert.match(copy.headers["cache-status"], /vedette; hit/);
  assert.match(copy.headers["proxy-status"], /error=destination_unavailable; details="kept-a broke off/);
  assert.equal(copy.headers["vedette-kept-at"], undefined);
  assert.equal((await ask("kept", "/page?x")).text, "fresh");
  for (const path of ["/private", "/cookie", "/varied", "/mine", "/other"]) {
    const answer = await ask("kept", path);
    assert.notEqual(answer.status, 200, path);
  }
  assert.notEqual((await ask("kept", "/page", { method: "POST", body: "x" })).status, 200);
  // An answer that says that a gateway is in trouble is worse than a copy, and better than nothing.
  for (const each of ["a", "b"]) origins[`kept-${each}`].act = (_, response) => response.writeHead(503).end("in trouble");
  assert.equal((await ask("kept", "/page")).text, "fresh");
  assert.deepEqual([(await ask("kept", "/other")).status, (await ask("kept", "/other")).text], [503, "in trouble"]);
});

test("weights share the traffic", async () => {
  const seen = { "shares-a": 0, "shares-b": 0 };
  for (let times = 0; times < 200; times += 1) seen[(await ask("shares")).text] += 1;
  // 150 are expected with a standard deviation of 6: this far away is one time in ten billion.
  assert.ok(Math.abs(seen["shares-a"] - 150) < 40, JSON.stringify(seen));
});

test("an origin that recovered gets its share little by little", async () => {
  const first = origins["slow-a"];
  first.fails = true;
  await until("the standby serves", async (see) => see((await ask("slow")).text) === "slow-b", 30_000);
  await until("the primary fails", async (see) => see(await worker.json("/health/slow/slow-a")).status === "fail", 30_000);
  first.fails = false;
  await until("the primary gets some", async (see) => see(await ask("slow")).text === "slow-a", 30_000);
  const early = [];
  for (let times = 0; times < 40; times += 1) early.push((await ask("slow")).text);
  assert.ok(early.includes("slow-b"), "the standby keeps some of the traffic at first");
  await until(
    "the primary has it all",
    async (see) => {
      const latest = [];
      for (let times = 0; times < 20; times += 1) latest.push((await ask("slow")).text);
      return see(latest).every((name) => name === "slow-a");
    },
    30_000,
  );
});

test("the signal agrees with what the route does, once the slow start is over", async () => {
  // Late in a slow start twenty requests in a row may go to one origin, and the next one does not.
  await until("the signal and twenty requests name one origin", async (see) => {
    const { origin } = await worker.json("/route/slow");
    const gone = [];
    for (let times = 0; times < 20; times += 1) gone.push((await ask("slow")).text);
    return see({ origin, gone }).gone.every((name) => name === origin);
  });
});

test("two deployments that lead to each other refuse the circle, and the request ends", async () => {
  // Each leads to the other. Their probes go round, too, and fail.
  const circle = (port) =>
    config({ shop: { a: port } }, { vantages: ["weur"] }).replace("127.0.0.1", "localhost") +
    route("try_failing = true", { host: "localhost" });
  const ports = [await freePort(), await freePort()];
  const [one, two] = [await startWorker(circle(ports[1]), { port: ports[0] }), await startWorker(circle(ports[0]), { port: ports[1] })];
  try {
    const answer = await until(
      "the circle is refused",
      async (see) => {
        const answer = see(await through(one, "/x", { host: "localhost" }));
        return answer.status === 508 && answer;
      },
      60_000,
    );
    assert.match(answer.text, /leads back here/);
    assert.match(answer.headers["proxy-status"], /proxy_loop_detected/);
    // It says so itself, too: the circle has been gone round once.
    assert.match(answer.headers.via, /1\.1 vedette, 1\.1 vedette/);
  } finally {
    await Promise.all([one.stop(), two.stop()]);
  }
});
