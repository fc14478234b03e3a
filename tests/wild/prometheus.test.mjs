// The real Prometheus scrapes the worker as examples/prometheus shows it: what it stores, what its
// alerts say, and that every query of the dashboard finds something. promtool has nothing to say of
// what is scraped, nor of the files there.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { prometheus } from "../../scripts/lib/debian.mjs";
import { freePort } from "../../scripts/lib/ports.mjs";
import { answers, finished, origin, root, startWorker, until } from "../runtime/lib.mjs";
import { atEnd, endAll, folder, serve } from "./lib.mjs";

const examples = join(root, "examples", "prometheus");
const promtool = prometheus.path("usr/bin/promtool");

/** A title that needs every escape. */
const TITLE = 'Laden "Ost" C:\\ 店';

/** What an origin says of its database. */
const timed = (_, response) => response.writeHead(200, { "server-timing": 'db;dur=12;desc="3 queries"', "x-cache": "MISS" }).end("ok");

let worker, ask;

before(async () => {
  const [primary, standby, hook] = [await origin(timed), await origin(answers.broken), await origin(answers.broken)];
  for (const one of [primary, standby, hook]) atEnd(() => one.stop());
  const secrets = join(folder("secrets"), "secrets");
  writeFileSync(secrets, `KEY=whsec_${randomBytes(24).toString("base64")}\n`);
  const pool = (name, port) => `[[pool.origin]]\nname = "${name}"\nurl = "http://127.0.0.1:${port}"\n`;
  worker = await startWorker(
    `[defaults]
interval = "1s"
fast_interval = "1s"
timeout = "500ms"
fall = 2
rise = 2
vantages = ["weur", "enam"]

[[pool]]
name = "shop"
title = ${JSON.stringify(TITLE)}
${pool("primary", primary.port)}${pool("standby", standby.port)}
[[notify]]
name = "ops"
kind = "webhook"
url = "http://127.0.0.1:${hook.port}/"
secret = "KEY"
on = ["fail", "origin"]
`,
    // Its rollups are of ten seconds: the histogram need not be waited for.
    { build: ".vedette/build-trap", env: { VEDETTE_SECRETS: secrets } },
  );
  atEnd(() => worker.stop());
  await until("both origins are judged", async (see) => {
    const said = await worker.text("/metrics");
    see(said.slice(-500));
    return ["primary", "standby"].every((name) => said.includes(`vedette_origin_status{pool="shop",origin="${name}",status="unknown"} 0`));
  });
  ask = await startPrometheus();
});
after(endAll);

/** Starts Prometheus with the files of the example; returns what asks it `(path) => data`. */
async function startPrometheus() {
  const home = folder("prometheus");
  const port = await freePort();
  const given = readFileSync(join(examples, "prometheus.yml"), "utf8");
  const changes = [
    ["scheme: https", "scheme: http"],
    ["scrape_interval: 15s", "scrape_interval: 1s"],
    ["vedette.example.workers.dev", `127.0.0.1:${worker.port}`],
  ];
  let text = `global: { evaluation_interval: 1s }\n${given}`;
  for (const [from, to] of changes) {
    assert.ok(text.includes(from), `the example has ${from}`);
    text = text.replace(from, to);
  }
  const conf = join(home, "prometheus.yml");
  writeFileSync(conf, text);
  writeFileSync(join(home, "alerts.yml"), readFileSync(join(examples, "alerts.yml")));
  const args = [`--config.file=${conf}`, `--storage.tsdb.path=${home}/data`, `--web.listen-address=127.0.0.1:${port}`];
  await serve("Prometheus", port, prometheus.program, args, { env: prometheus.env });
  return async (path) => {
    const answer = await fetch(`http://127.0.0.1:${port}/api/v1/${path}`, { signal: AbortSignal.timeout(10_000) });
    const body = await answer.json();
    assert.equal(body.status, "success", `${path}: ${JSON.stringify(body)}`);
    return body.data;
  };
}

/** What a query finds now. */
const found = async (query) => (await ask(`query?query=${encodeURIComponent(query)}`)).result;

/** Waits until a query finds something. */
const awaited = (query) =>
  until(
    query,
    async (see) => {
      const result = await found(query);
      see(result);
      return result.length > 0 && result;
    },
    30_000,
  );

/** promtool's exit code and words; it finds files by their path from the folder of examples. */
const check = (...args) => finished(promtool, args, { cwd: examples, env: prometheus.env });

test("promtool has nothing to say of what is scraped", async () => {
  const file = join(folder("scraped"), "metrics");
  const scraped = await until(
    "the histogram is counted",
    async (see) => {
      const said = await worker.text("/metrics");
      see(said.slice(-200));
      return said.includes("vedette_probe_duration_seconds_count{") && said;
    },
    30_000,
  );
  writeFileSync(file, scraped);
  const shell = ["-c", 'exec "$0" check metrics < "$1"', promtool, file];
  assert.deepEqual(await finished("/bin/sh", shell, { env: prometheus.env }), { code: 0, said: "" });
});

test("promtool accepts the files of the example, and the alerts say what their tests say", async () => {
  for (const args of [
    ["check", "config", "prometheus.yml"],
    ["check", "rules", "alerts.yml"],
    ["test", "rules", "alerts.test.yml"],
  ]) {
    const { code, said } = await check(...args);
    assert.equal(code, 0, `${args.join(" ")}: ${said}`);
  }
});

test("every alert has a test", () => {
  const names = (file, key) =>
    [...readFileSync(join(examples, file), "utf8").matchAll(new RegExp(`${key}: (\\w+)`, "g"))].map(([, name]) => name);
  const tested = new Set(names("alerts.test.yml", "alertname"));
  assert.deepEqual(
    names("alerts.yml", "- alert").filter((name) => !tested.has(name)),
    [],
  );
});

test("Prometheus scrapes it, and stores what it says with its labels", async () => {
  await awaited('up{job="vedette"} == 1');
  const [target] = (await ask("targets?state=active")).activeTargets;
  assert.deepEqual([target.health, target.lastError], ["up", ""]);
  const [info] = await awaited("vedette_pool_info");
  assert.equal(info.metric.title, TITLE);
  const [[, success], [, failure]] = await Promise.all(
    ["primary", "standby"].map(async (name) => {
      const [first] = await awaited(`min by (origin) (probe_success{pool="shop",origin="${name}"})`);
      return first.value;
    }),
  );
  assert.deepEqual([success, failure], ["1", "0"]);
  const kind = (await ask("metadata?metric=vedette_vantage_missed_slots_total")).vedette_vantage_missed_slots_total;
  const open = (await ask("metadata?metric=vedette_vantage_missed_slots")).vedette_vantage_missed_slots;
  assert.equal((kind ?? open)[0].type, "counter");
});

test("an origin that fails alerts", async () => {
  const [alert] = await until(
    "the alert",
    async (see) => {
      const { alerts } = await ask("alerts");
      see(alerts);
      const those = alerts.filter(({ labels }) => labels.alertname === "OriginFails");
      return those.length > 0 && those;
    },
    30_000,
  );
  assert.deepEqual([alert.labels.pool, alert.labels.origin], ["shop", "standby"]);
});

/** What no deployment on a laptop has: nothing is counted there. */
const COUNTED = new Set(["vedette_vantage_fast_probes_left"]);

test("every query of the dashboard finds something", async () => {
  const { panels, templating } = JSON.parse(readFileSync(join(examples, "dashboard.json"), "utf8"));
  const targets = panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => [title, expr]));
  assert.ok(targets.length >= 20, `${targets.length} queries`);
  for (const [title, query] of targets) {
    const plain = query.replaceAll("$pool", ".*");
    assert.ok(!plain.includes("$"), `${title}: a variable that nobody sets in ${query}`);
    // One that Prometheus cannot read fails all the same.
    await (COUNTED.has(plain) ? found(plain) : awaited(plain));
  }
  const [, pools] = templating.list;
  assert.equal(pools.query.query, "label_values(vedette_pool_info, pool)");
  assert.deepEqual(await ask("label/pool/values?match[]=vedette_pool_info"), ["shop"]);
});
