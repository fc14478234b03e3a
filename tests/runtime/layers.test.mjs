// Parts that are down, alone and in pairs: every row of the table in docs/failures.md, in a running
// worker.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { answers, config, origin, root, startWorker, until } from "./lib.mjs";

/** `{ down, layers, says }` of each row. */
const rows = readFileSync(join(root, "docs", "failures.md"), "utf8")
  .split("| down | answered from | says |")[1]
  .split("\n")
  .filter((line) => line.startsWith("| ") && !line.startsWith("| ---"))
  .map((line) =>
    line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim()),
  )
  .map(([down, layers, says]) => ({ down: down === "nothing" ? [] : down.split(" and "), layers: layers.split(", "), says }));

let primary, worker;

before(async () => {
  primary = await origin(answers.ok);
  const text = config({ shop: { primary: primary.port } }).replace('name = "shop"', 'name = "shop"\nvote_ttl = "6s"');
  worker = await startWorker(text, { build: ".vedette/build-trap" });
  await up();
});

after(async () => {
  await worker?.stop();
  await primary?.stop();
});

/** Takes parts away from now on. */
const takeAway = (parts) => worker.get("/livez", { headers: { "vedette-trap": `down=${parts.join(",").replace("vantages", "vantage")}` } });

/**
 * What a reader gets: never an answer that is given again, so that each says where it comes from.
 */
async function read() {
  const answer = await worker.get("/health/shop/primary?now");
  const { checks } = await answer.json();
  const [, layer] = answer.headers.get("cache-status").match(/detail="(\w+)/);
  const silent = answer.headers.get("cache-status").includes("arbiter silent");
  const verdict = checks["shop/primary:verdict"][0];
  return { layer, silent, status: answer.status, verdict: verdict.observedValue, until: Date.parse(verdict.validUntil) };
}

/** Everything is there, and the origin passes. */
async function up() {
  await takeAway([]);
  await until("the origin passes", async (see) => see(await read()).verdict === "pass", 30_000);
}

test("the table has every part and every pair of parts", () => {
  const parts = ["memory", "cache", "arbiter", "kv", "vantages"];
  const pairs = parts.flatMap((one, index) => parts.slice(index + 1).map((other) => [one, other]));
  const wanted = [[], ...parts.map((part) => [part]), ...pairs].map(String);
  assert.deepEqual(
    wanted.filter((down) => !rows.some((row) => String(row.down) === down)),
    [],
  );
});

/**
 * Waits until each of `layers` has answered as `check` wants, and until five answers in a row came
 * from no other: the first moment may still be answered by what was there before, and a layer that
 * is slow for once by the next one.
 */
async function answeredFrom(layers, check) {
  const seen = new Set();
  const tooLong = [];
  let inARow = 0;
  await until(
    `such an answer from each of ${layers}, and five in a row from no other`,
    async (see) => {
      const answer = see(await read());
      if (answer.verdict === "pass" && Date.now() > answer.until + 1000) tooLong.push(answer);
      if (check(answer)) seen.add(answer.layer);
      inARow = layers.includes(answer.layer) ? inARow + 1 : 0;
      return inARow >= 5 && layers.every((layer) => seen.has(layer));
    },
    30_000,
  );
  assert.deepEqual(tooLong, [], "whoever answers, pass is said only while the evidence holds");
  assert.equal((await worker.get("/livez")).status, 200);
  assert.equal((await worker.get("/health/nope")).status, 404);
}

const name = ({ down, layers }) => `${down.join(" and ") || "nothing"}: from ${layers.join(" or ")}`;
const without = (part) => rows.filter(({ down }) => !down.includes(part));
const withPart = (part) => rows.filter(({ down }) => down.includes(part));

for (const row of without("arbiter").filter((row) => !row.down.includes("vantages"))) {
  test(`down is ${name(row)}, the verdict`, async () => {
    assert.equal(row.says, "the verdict");
    await up();
    await takeAway(row.down);
    await answeredFrom(row.layers, ({ verdict, silent }) => verdict === "pass" && !silent);
  });
}

for (const row of withPart("arbiter").filter((row) => row.says === "the last verdict" && !row.layers.includes("kv"))) {
  test(`down is ${name(row)}, the last verdict while it holds`, async () => {
    await up();
    await takeAway(row.down);
    await answeredFrom(row.layers, ({ verdict, silent }) => verdict === "pass" && silent);
  });
}

test("the last verdict expires when the Arbiter stays silent", async () => {
  await up();
  await takeAway(["arbiter"]);
  await until("it is unknown", async (see) => see(await read()).verdict === "unknown", 30_000);
});

for (const row of withPart("arbiter")) {
  test(`down is ${name(row)}, unknown once the evidence has expired`, async () => {
    await takeAway(row.down);
    await answeredFrom(row.layers, ({ verdict, silent, status }) => verdict === "unknown" && silent && status === 200);
    const signal = await worker.json("/route/shop?now");
    assert.deepEqual([signal.origin, signal.status, signal.ttl], ["primary", "unknown", 0]);
    assert.equal((await worker.get("/readyz")).status, 503);
  });
}

test("the verdict expires when no vantage reports", async () => {
  await up();
  await takeAway(["vantages"]);
  await until("it is unknown", async (see) => see(await read()).verdict === "unknown", 30_000);
});

for (const row of withPart("vantages").filter((row) => !row.down.includes("arbiter"))) {
  test(`down is ${name(row)}, unknown`, async () => {
    assert.equal(row.says, "unknown");
    await takeAway(row.down);
    await answeredFrom(row.layers, ({ verdict, silent }) => verdict === "unknown" && !silent);
  });
}

test("when everything is there again, so is the verdict", async () => {
  await up();
  assert.equal((await worker.get("/readyz")).status, 200);
});

test("readiness counts the answers of each layer", async () => {
  const lines = await worker.text("/readyz?verbose");
  const [, counts] = lines.match(/answers of this isolate by layer: (.*)/);
  for (const layer of ["memory", "cache", "arbiter", "kv", "nothing"]) assert.match(counts, new RegExp(`\\d+ ${layer}`), counts);
});
