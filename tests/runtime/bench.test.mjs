// The benchmark itself: that its pieces fit together, its last lines can be read, and it leaves
// nothing behind. What it measures is not tested.

import assert from "node:assert/strict";
import { copyFileSync, cpSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { test } from "node:test";
import { descendants, finished, root, runs, until } from "./lib.mjs";
import { median, quantile, shares } from "../../scripts/bench/statistics.mjs";
import { difference, still } from "../../scripts/bench/wire.mjs";
import { upload } from "../../scripts/lib/modules.mjs";
import { node22, start } from "../../scripts/lib/run.mjs";

const command = (...args) => [join(root, "scripts", "bench.mjs"), "--built", ...args];
const bench = (...args) => finished(node22, command(...args), { cwd: root }, 300_000);

/** The figures of its last lines, by name. */
function figures(said) {
  const last = said.trim().split("\n\n").at(-1).split("\n");
  return Object.fromEntries(last.map((line) => line.match(/^(.*): (-?[\d.]+.*)$/)?.slice(1) ?? [line, undefined]));
}

test("health answers are compared with those of the peers", async () => {
  const { code, said } = await bench("health", "--rounds", "2", "--seconds", "0.2", "--load", "loop");
  assert.equal(code, 0, said);
  const seen = figures(said);
  const names = ["health throughput", "health p99", "health /health/shop throughput", "health /route/shop throughput"];
  names.push("health against the lean peer, throughput", "noise, the peer against itself, throughput");
  for (const name of names) assert.ok(Number(seen[name]) > 0, `${name}:\n${said}`);
});

test("pages are compared with health, and what making one costs is measured", async () => {
  const { code, said } = await bench("pages", "--rounds", "2", "--seconds", "0.2", "--load", "loop");
  assert.equal(code, 0, said);
  const seen = figures(said);
  for (const path of ["/", "/status"])
    for (const of of ["two origins", "sixty"])
      for (const figure of ["throughput", "first byte"]) assert.ok(Number(seen[`pages ${path} of ${of}, ${figure}`]) > 0, said);
  for (const path of ["/", "/status", "/pool/p19/o2", "/incident/{id}"])
    assert.match(seen[`pages ${path} of sixty, CPU`], /^-?[\d.]+ ms$/, said);
});

test("size, start and detection are measured", async () => {
  const { code, said } = await bench("size", "startup", "detection", "--starts", "1", "--kills", "1");
  assert.equal(code, 0, said);
  const seen = figures(said);
  assert.match(seen.upload, /^\d+ bytes gzip$/, said);
  for (const name of ["start-up", "start-up to first /health"]) assert.ok(Number(seen[name]) > 0, said);
  assert.match(seen["detection within 3.00 s"], /^[01]\/1$/, said);
});

test("detection and recovery are compared with those of HAProxy", async () => {
  const { code, said } = await bench("haproxy", "--faults", "1");
  assert.equal(code, 0, said);
  const seen = figures(said);
  for (const fault of ["kill", "hang", "500"])
    for (const what of ["detection", "recovery"]) assert.ok(Number(seen[`haproxy ${fault} ${what}`]) > 0, said);
});

test("what many origins cost is measured in workerd and by the engines alone", async () => {
  const { code, said } = await bench("scale", "--most", "10", "--seconds", "1");
  assert.equal(code, 0, said);
  const seen = figures(said);
  assert.match(seen["scale 10 origins × 3 lag p99"], /^\d+ ms$/, said);
  assert.match(seen["scale 10 origins × 3, cost of a report"], /^[\d.]+ µs$/, said);
});

test("a report is measured after a day of history and after more", async () => {
  const { code, said } = await bench("history", "--most", "2");
  assert.equal(code, 0, said);
  const seen = figures(said);
  assert.match(seen["history longest report after 2 days"], /^\d+ µs$/, said);
  assert.ok(Number(seen["history cost of a report after 2 days against 1"]) > 0, said);
});

test("what the Python package costs is measured with it and without", async () => {
  const { code, said } = await bench("asgi", "--rounds", "2");
  assert.equal(code, 0, said);
  const seen = figures(said);
  for (const name of ["asgi 3 calls by SQLAlchemy", "asgi 3 calls by sqlite3", "asgi no call", "asgi noise, without against without"])
    assert.match(seen[name] ?? said, /^-?[\d.]+ µs a request \(median -?[\d.]+\)$/);
});

test("two builds are compared in one run, and the other one with itself", async () => {
  const less = ["--starts", "1", "--rounds", "2", "--seconds", "0.2", "--load", "loop", "--most", "10"];
  const { code, said } = await bench("size", "startup", "health", "proxy", "--against", root, ...less);
  assert.equal(code, 0, said);
  const seen = figures(said);
  assert.equal(seen.size, "1.000", "the same build");
  const names = ["startup CPU until listening", "startup CPU of the first /health", "startup time until listening"];
  names.push("health throughput", "health CPU", "health /route/shop throughput", "proxy throughput", "proxy CPU");
  for (const name of names) assert.ok(Number(seen[name]) > 0, `${name}:\n${said}`);
  for (const part of ["startup", "health", "proxy"])
    assert.match(said, new RegExp(`^\\[${part}\\] noise, the other build against itself: .*CPU.* \\d`, "m"), said);
});

test("proxied requests are compared with those of the peers, and with and without each feature", async () => {
  const { code, said } = await bench("proxy", "--rounds", "2", "--seconds", "0.2", "--load", "loop");
  assert.equal(code, 0, said);
  const seen = figures(said);
  const names = ["proxy throughput", "proxy against the careful peer, throughput", "proxy noise, the peer against itself, throughput"];
  names.push("proxy a trace passed on against none, throughput", "proxy a trace begun by hand against none, throughput");
  names.push("proxy copies kept, of one address, throughput", "proxy copies kept, of an address for each request, throughput");
  for (const name of names) assert.ok(Number(seen[name]) > 0, `${name}:\n${said}`);
});

test("what cannot be compared is refused", async () => {
  const folder = mkdtempSync(join(tmpdir(), "vedette-"));
  const empty = await bench("size", "--against", folder);
  rmSync(folder, { recursive: true });
  assert.equal(empty.code, 1);
  assert.match(empty.said, /There is no entry\.mjs in .*; --against takes a checkout in which npm run build ran/);
  const part = await bench("detection", "--against", root);
  assert.equal(part.code, 1);
  assert.match(part.said, /detection does not compare builds; size, startup, health, proxy, scale, haproxy do/);
});

test("the upload is measured where nothing was built for a deployment", (t) => {
  const folder = mkdtempSync(join(tmpdir(), "vedette-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  for (const file of readdirSync(root).filter((file) => file.endsWith(".mjs"))) copyFileSync(join(root, file), join(folder, file));
  const filter = (file) => !basename(file).startsWith("config.txt");
  cpSync(join(root, "build"), join(folder, "build"), { recursive: true, filter });
  const names = (parts) =>
    parts
      .filter(({ counted }) => counted)
      .map(({ name }) => name)
      .sort();
  assert.deepEqual(names(upload(folder)), names(upload()));
  assert.ok(
    upload(folder).every(({ counted }) => counted),
    "there is no configuration",
  );
});

test("an interrupted benchmark leaves no process and no folder behind", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "vedette-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const child = start(node22, command("health", "--load", "loop"), { stdio: "ignore", env: { ...process.env, TMPDIR: folder } });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  // Two origins and a worker.
  const below = await until(
    "the worker runs",
    () => {
      const found = descendants(child.pid);
      return found.length >= 3 && found;
    },
    30_000,
  );
  assert.notDeepEqual(readdirSync(folder), []);
  child.kill("SIGINT");
  await ended;
  assert.deepEqual(readdirSync(folder), []);
  await until("all have ended", (see) => see(below.filter(runs)).length === 0);
});

test("a part or a path that does not exist is refused with the list of those that do", async () => {
  const part = await bench("speed");
  assert.equal(part.code, 1);
  assert.match(part.said, /no benchmark speed; there are size, startup, detection, haproxy, scale, history, health, pages/);
  const path = await bench("health", "--path", "/livez", "--load", "loop");
  assert.equal(path.code, 1);
  assert.match(path.said, /no benchmark of \/livez; there are \/health, \/health\/shop, \/route\/shop/);
});

test("the middle of a row leans to no side", () => {
  assert.equal(median([3, 1]), 2);
  assert.equal(median([5, 1, 2]), 2);
  assert.equal(median([4, 1, 3, 2]), 2.5);
});

test("a share of twenty values is the value of that rank", () => {
  const values = Array.from({ length: 20 }, (_, index) => index + 1);
  assert.equal(quantile(values, 0.95), 19);
  assert.equal(quantile(values, 1), 20);
  assert.equal(quantile([7], 0.99), 7);
});

test("rounds are pooled as distributions of equal weight", () => {
  // A pause hits every answer of one round and none of the other: the pool's p99 sees it, whatever
  // the rounds' sizes.
  const pool = [...shares(Array(10).fill(100)), ...shares(Array(5000).fill(1))];
  assert.equal(pool.length, 2000);
  assert.equal(quantile(pool, 0.99), 100);
  assert.equal(quantile(pool, 0.5), 1);
});

test("answers may differ by what moves, and by nothing else", () => {
  const answer = (fields, body) => ({ status: 200, fields, body });
  const one = answer(
    [
      ["Age", "0"],
      ["ETag", '"a"'],
      ["x-kind", "a"],
    ],
    '{"status":"pass","time":"2026-11-23T16:01:05.308Z"}',
  );
  const later = answer(
    [
      ["Age", "1"],
      ["ETag", '"b"'],
      ["x-kind", "a"],
    ],
    '{"status":"pass","time":"2026-11-23T16:01:07.999Z"}',
  );
  assert.equal(difference(still(one), still(later)), undefined);
  assert.match(difference(one, later), /"Age","1"/);
  const failing = answer(one.fields, one.body.replace("pass", "fail"));
  assert.match(difference(still(one), still(failing)), /pass[\s\S]*instead of[\s\S]*fail/);
  const renamed = answer([["age", "0"], ...one.fields.slice(1)], one.body);
  assert.notEqual(difference(still(one), still(renamed)), undefined);
  const reordered = answer(one.fields.toReversed(), one.body);
  assert.notEqual(difference(still(one), still(reordered)), undefined);
});
