// What docs/hostile-origins.md does not show of origins that misbehave: a closed port, redirects
// counted, and six that hang beside a healthy one, more than are probed at once.

import assert from "node:assert/strict";
import { createServer } from "node:net";
import { after, before, test } from "node:test";
import { answers, config, origin, startWorker, until } from "./lib.mjs";
import { freePort } from "../../scripts/lib/ports.mjs";

const redirect = (to) => (_, response) => response.writeHead(302, { location: to }).end();

// Takes the connection and never says a word; the kernel alone answers.
const mute = createServer((socket) => socket.on("error", () => {}));

let healthy, once, forEver, worker;

before(async () => {
  [healthy, once, forEver] = [await origin(answers.ok), await origin(redirect("/health")), await origin(redirect("/again"))];
  await new Promise((resolve) => mute.listen(0, "127.0.0.1", resolve));
  const pools = {
    healthy: { only: healthy.port },
    refuses: { only: await freePort() },
    redirects: { only: once.port },
    "redirects-for-ever": { only: forEver.port },
  };
  for (let index = 0; index < 6; index += 1) pools[`hangs-${index}`] = { only: mute.address().port };
  const text = config(pools, { vantages: ["weur"] });
  const followed = text.replace(/(name = "redirects-for-ever"[^[]*?path = "\/health")/, "$1, redirects = 3");
  assert.notEqual(followed, text);
  worker = await startWorker(followed);
});

after(async () => {
  await worker?.stop();
  for (const double of [healthy, once, forEver]) await double?.stop();
  mute.close();
});

for (const [name, why] of [
  ["refuses", /no connection/],
  ["redirects", /status 302 is not expected/],
  ["hangs-5", /no answer within/],
]) {
  test(`an origin that ${name.replace(/-\d/, "")} fails with its reason`, async () => {
    const health = await until(
      `${name} fails`,
      async (see) => {
        const answer = await worker.get(`/health/${name}`);
        const health = see(await answer.json());
        return answer.status === 503 && health;
      },
      30_000,
    );
    assert.match(health.output, why);
  });
}

test("redirects are followed as often as configured and no further", async () => {
  const { requests } = forEver;
  const begins = () => requests.flatMap(({ path }, index) => (path === "/health" ? [index] : []));
  const lengths = () =>
    begins()
      .slice(1)
      .map((at, index) => at - begins()[index]);
  // On a busy machine the deadline may cut a probe short; none may ever be longer.
  await until("a probe with its three redirects", (see) => see(lengths()).includes(4));
  assert.ok(
    lengths().every((length) => length <= 4),
    `one probe and three redirects at most, not ${lengths()}`,
  );
  assert.ok(
    once.requests.every(({ path }) => path === "/health"),
    "without the setting none is followed",
  );
});

test("no hanging origin delays the healthy one beyond its own slot", async (t) => {
  await until("the healthy one passes", async (see) => see(await worker.json("/health/healthy")).status === "pass");
  const from = healthy.requests.length;
  let gaps;
  // A busy machine may miss a slot or two: then the next ones count.
  await until(
    "eight probes in a row, one a second",
    (see) => {
      const times = healthy.requests.slice(from).map(({ at }) => at);
      gaps = see(times.slice(1).map((at, index) => at - times[index]));
      const median = gaps.slice(-7).toSorted((left, right) => left - right)[3];
      return gaps.length >= 7 && median < 1500;
    },
    45_000,
  );
  assert.ok(Math.max(...gaps) < 4000, `no long silence, not ${gaps}`);
  t.diagnostic(`between two probes: ${gaps.join(", ")} ms`);
  const headers = healthy.requests[0].headers;
  assert.match(headers["user-agent"], /^vedette\/\S+ \(\+vantage=weur\)$/);
});
