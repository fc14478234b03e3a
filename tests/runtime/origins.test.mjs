// Origins that misbehave in every way, each in a pool of its own, and a healthy one beside them.

import assert from "node:assert/strict";
import { createServer } from "node:net";
import { after, before, test } from "node:test";
import { answers, config, origin, startWorker, until } from "./lib.mjs";
import { freePort } from "../../scripts/lib/ports.mjs";

const bad = {
  "resets": [(request) => request.socket.resetAndDestroy(), /no connection|closed without/],
  "hangs": [() => {}, /no answer within/],
  "truncates": [
    (request, response) => {
      response.writeHead(200, { "content-length": "1000" });
      response.write('{"ok":true');
      setTimeout(() => request.socket.resetAndDestroy(), 20);
    },
    /middle of the body|no connection/,
  ],
  "stops-short": [
    (request, response) => {
      response.writeHead(200, { "content-length": "1000" });
      response.write('{"ok":true');
      setTimeout(() => request.socket.end(), 20);
    },
    /middle of the body|no connection/,
  ],
  "wrong-text": [(_, response) => response.end("hello"), /does not contain the expected text/],
  "redirects": [(_, response) => response.writeHead(302, { location: "/health" }).end(), /status 302/],
  "redirects-for-ever": [(_, response) => response.writeHead(302, { location: "/again" }).end(), /more redirects than the probe follows/],
  "too-long": [(_, response) => response.end(`{"ok":true}${" ".repeat(100_000)}`), /64 KiB/],
  "drips": [
    (_, response) => {
      response.writeHead(200);
      const timer = setInterval(() => response.write(" "), 50);
      response.on("close", () => clearInterval(timer));
    },
    /did not end within/,
  ],
};

// Takes the connection and never says a word; the kernel alone answers.
const mute = createServer((socket) => socket.on("error", () => {}));

const doubles = {};
let healthy, worker;

before(async () => {
  healthy = await origin(answers.ok);
  await new Promise((resolve) => mute.listen(0, "127.0.0.1", resolve));
  const pools = {
    healthy: { only: healthy.port },
    refuses: { only: await freePort() },
    "says-nothing": { only: mute.address().port },
  };
  for (const [name, [answer]] of Object.entries(bad)) {
    doubles[name] = await origin(answer);
    pools[name] = { only: doubles[name].port };
  }
  const text = config(pools, { vantages: ["weur"] });
  const followed = text.replace(/(name = "redirects-for-ever"[^[]*?path = "\/health")/, "$1, redirects = 3");
  assert.notEqual(followed, text);
  worker = await startWorker(followed);
});

after(async () => {
  await worker?.stop();
  for (const double of [healthy, ...Object.values(doubles)]) await double?.stop();
  mute.close();
});

const reasons = {
  refuses: /no connection/,
  "says-nothing": /no answer within/,
  ...Object.fromEntries(Object.entries(bad).map(([name, [, why]]) => [name, why])),
};

for (const [name, why] of Object.entries(reasons)) {
  test(`an origin that ${name} fails with its reason`, async () => {
    const health = await until(`${name} fails`, async (see) => {
      const answer = await worker.get(`/health/${name}`);
      const health = see(await answer.json());
      return answer.status === 503 && health;
    }, 30_000);
    assert.match(health.output, why);
  });
}

test("redirects are followed as often as configured and no further", async () => {
  const { requests } = doubles["redirects-for-ever"];
  const begins = () => requests.flatMap(({ path }, index) => (path === "/health" ? [index] : []));
  const lengths = () => begins().slice(1).map((at, index) => at - begins()[index]);
  // On a busy machine the deadline may cut a probe short; none may ever be longer.
  await until("a probe with its three redirects", (see) => see(lengths()).includes(4));
  assert.ok(lengths().every((length) => length <= 4), `one probe and three redirects at most, not ${lengths()}`);
  assert.ok(doubles.redirects.requests.every(({ path }) => path === "/health"), "without the setting none is followed");
});

test("no hanging origin delays the healthy one beyond its own slot", async (t) => {
  await until("the healthy one passes", async (see) => see(await worker.json("/health/healthy")).status === "pass");
  const from = healthy.requests.length;
  await until("eight more probes", (see) => see(healthy.requests.length) >= from + 8, 30_000);
  const times = healthy.requests.slice(from).map(({ at }) => at);
  const gaps = times.slice(1).map((at, index) => at - times[index]);
  const median = gaps.toSorted((left, right) => left - right)[Math.floor(gaps.length / 2)];
  assert.ok(median < 1500, `a probe a second, not ${gaps}`);
  assert.ok(Math.max(...gaps) < 4000, `no long silence, not ${gaps}`);
  t.diagnostic(`between two probes: ${gaps.join(", ")} ms`);
  const headers = healthy.requests[0].headers;
  assert.match(headers["user-agent"], /^vedette\/\S+ \(\+vantage=weur\)$/);
});
