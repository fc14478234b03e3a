// Runs the built worker against a set of hostile doubles and holds it to docs/hostile-origins.md:
// the tables there are what the tests expect, so the page and the worker cannot drift apart.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { root, startWorker, until } from "../lib.mjs";
import { start } from "./double.mjs";

/** Interval and timeout fill a shard exactly, even while every origin of it hangs. */
const head = `
[defaults]
interval = "2s"
fast_interval = "2s"
timeout = "1s"
fall = 2
rise = 2
vantages = ["weur"]
`;

const pool = (name, url, { probe = '{ path = "/health" }', expect = '{ body_contains = "\\"ok\\":true" }' } = {}) =>
  `\n[[pool]]\nname = "${name}"\nprobe = ${probe}\nexpect = ${expect}\n[[pool.origin]]\nname = "only"\nurl = "${url}"\n`;

/**
 * Starts the doubles and a worker that probes each of them, and any `others` (port by name), in a
 * pool of its own. `serve` starts the worker.
 */
export async function watch(doubles, { others = {}, host = "127.0.0.1", scheme = "http", env = {}, serve = startWorker } = {}) {
  const running = {};
  let text = head;
  for (const [name, port] of Object.entries(others)) text += pool(name, `http://127.0.0.1:${port}`);
  for (const [name, double] of Object.entries(doubles)) {
    running[name] = await start(double.act, double.create);
    text += pool(name, `${double.scheme ?? scheme}://${host}:${running[name].port}`, double);
  }
  const stopDoubles = () => Promise.all(Object.values(running).map((double) => double.stop()));
  try {
    const worker = await serve(text, { env });
    return { worker, running, stop: async () => (await worker.stop(), await stopDoubles()) };
  } catch (error) {
    await stopDoubles();
    throw error;
  }
}

/** What the worker says of the origin in the pool of this name. */
export async function seen(worker, name, row = {}) {
  const answer = await worker.get(`/health/${name}/only`);
  const { checks, output } = await answer.json();
  const value = (measurement) => checks[`${name}/only:${measurement}`]?.[0].observedValue;
  const [calls, time] = [value("databaseCalls"), value("databaseTime")];
  return {
    status: answer.status,
    verdict: value("verdict"),
    reason: checks[`${name}/only:vote`]?.[0].output,
    output,
    cache: value("cacheClass"),
    metrics: row.metrics && (await told(worker, name)),
    database: [calls !== undefined && `${calls} calls`, time !== undefined && `${time} ms`].filter(Boolean).join(", ") || "none",
  };
}

/** What the latest sample has of metrics that are named. */
async function told(worker, name) {
  const { samples } = await worker.json(`/v1/samples/${name}/only`);
  if (samples.length === 0) return "no sample";
  const times = Object.entries(samples.at(-1).timings ?? {});
  return times.map(([metric, ms]) => `${metric} ${ms} ms`).join(", ") || "none";
}

/**
 * The page's rows for one test file, by the origin's name; `wanted` takes the headings of its
 * sections.
 */
export function rows(wanted) {
  const found = {};
  let heading, columns;
  for (const line of readFileSync(join(root, "docs", "hostile-origins.md"), "utf8").split("\n")) {
    const cells =
      line.startsWith("|") &&
      line
        .split("|")
        .slice(1, -1)
        .map((cell) => cell.trim().replace(/^`(.*)`$/, "$1"));
    if (line.startsWith("## ")) heading = line.slice(3);
    if (!cells) {
      columns = undefined;
    } else if (!columns) {
      columns = cells;
    } else if (columns[0] === "origin" && !cells[0].startsWith("---") && wanted(heading)) {
      const row = Object.fromEntries(cells.map((cell, index) => [columns[index], cell]));
      assert.ok(!found[row.origin], `${row.origin} stands once on the page`);
      found[row.origin] = row;
    }
  }
  return found;
}

/** Whether a reason is the one on the page, where `…` stands for a length of time. */
function isReason(reason, written) {
  const [before, after] = written.split("…");
  if (after === undefined) return reason === written;
  return (
    reason?.startsWith(before) && reason.endsWith(after) && /^(\d+m?s ?)+$/.test(reason.slice(before.length, reason.length - after.length))
  );
}

function holds(row, found) {
  // Nothing is decided on an unknown origin, so its verdict has a reason of its own.
  const why = row.verdict === "unknown" ? "a cache answered in the origin's place" : found.reason;
  const shown = row.verdict === "pass" ? found.output === undefined : found.output?.endsWith(why);
  return (
    found.verdict === row.verdict &&
    found.status === (row.verdict === "fail" ? 503 : 200) &&
    isReason(found.reason, row.reason) &&
    shown &&
    (row["cache class"] ?? found.cache) === found.cache &&
    (row.database ?? found.database) === found.database &&
    (row.metrics ?? found.metrics) === found.metrics
  );
}

/** Defines a test for each double, and one that the page has exactly their rows. */
export function testRows(names, page, worker) {
  test("the page has a row for each of these origins and for no other", () => {
    assert.deepEqual(Object.keys(page).sort(), names.toSorted());
  });

  for (const name of names) {
    test(`${name}: ${page[name]?.verdict}, ${page[name]?.reason}`, async () => {
      assert.ok(page[name], "it has a row on the page");
      // A busy machine may delay a sample past its deadline; the one after it says the same again.
      await until(`${name} as on the page`, async (see) => holds(page[name], see(await seen(worker(), name, page[name]))), 60_000);
    });
  }
}

/** Fails if the worker's log tells of a crash or of a tick that failed. */
export function assertUnharmed(worker) {
  const harm = /instance_replaced|panicked|RuntimeError|tick_failed|unreachable executed/;
  const line = worker
    .said()
    .split("\n")
    .find((line) => harm.test(line));
  assert.equal(line, undefined, "the log tells of no crash");
}
