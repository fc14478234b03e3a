// The benchmark itself: that its pieces fit together and its last lines can be read. What it measures is not tested.

import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { finished, root } from "./lib.mjs";
import { node22 } from "../../scripts/lib/run.mjs";

const bench = (...args) => finished(node22, [join(root, "scripts", "bench.mjs"), "--built", ...args], { cwd: root }, 120_000);

/** The figures of its last lines, by name. */
function figures(said) {
  const last = said.trim().split("\n\n").at(-1).split("\n");
  return Object.fromEntries(last.map((line) => line.match(/^(.*): ([\d.]+.*)$/)?.slice(1) ?? [line, undefined]));
}

test("health answers are compared with those of the peer", async () => {
  const { code, said } = await bench("health", "--rounds", "2", "--seconds", "0.2", "--load", "loop");
  assert.equal(code, 0, said);
  const seen = figures(said);
  for (const name of ["health throughput", "health p99", "noise, the peer against itself, throughput"]) assert.ok(Number(seen[name]) > 0, said);
});

test("size, start and detection are measured", async () => {
  const { code, said } = await bench("size", "startup", "detection", "--starts", "1", "--kills", "1");
  assert.equal(code, 0, said);
  const seen = figures(said);
  assert.match(seen.upload, /^\d+ bytes gzip$/, said);
  assert.ok(Number(seen["start-up to first /health"]) > 0, said);
  assert.match(seen["detection within 3.00 s"], /^[01]\/1$/, said);
});

test("a benchmark that does not exist is refused with the list of those that do", async () => {
  const { code, said } = await bench("speed");
  assert.equal(code, 1);
  assert.match(said, /no benchmark speed; there are size, startup, detection, health/);
});
