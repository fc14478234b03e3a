// Rows of history that are kept no longer, in workerd: those of a shard and an origin that left the
// file go one by one, and what is kept stays. The build for tests has rollups of 10 s.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { config, inStorage, sampleDatabase, sampleOrigin, startWorker, until } from "./lib.mjs";

const DAY_MS = 86_400_000;
let data, primary, worker;

before(async () => {
  data = await sampleDatabase();
  primary = await sampleOrigin("primary", data.database);
  const text = config({ shop: { primary: primary.port } });
  worker = await startWorker(`${text}\n[history]\nhours = "30d"\n`, { build: ".vedette/build-trap" });
});

after(async () => {
  await worker?.stop();
  await primary?.stop();
  data?.remove();
});

/** Every row of history. */
const rows = () =>
  inStorage(worker, (database) => {
    const all = database.prepare("SELECT key, body FROM v1_history").all();
    return new Map(all.map(({ key, body }) => [key, JSON.parse(body)]));
  });

test("rows of what left the file go, one with a rollup, and those that are kept stay", { timeout: 150_000 }, async () => {
  await until("a rollup is stored", async () => [...(await rows()).keys()].some((key) => key.startsWith("open/")), 60_000);
  const open = [...(await rows()).keys()].find((key) => key.startsWith("open/"));
  const [, vantage, shard] = open.split("/");
  await worker.kill9();
  const midnight = Math.floor(Date.now() / DAY_MS) * DAY_MS;
  const ago = (days) => ({ version: 1, at: midnight - days * DAY_MS });
  const gone = {
    [`hour/${vantage}/7of9/1`]: { ...ago(31), origins: {} },
    [`hour/${vantage}/${shard}/2`]: { ...ago(32), origins: {} },
    "day/shop/old/3": { ...ago(402), vantages: {} },
  };
  const kept = {
    [`hour/${vantage}/7of9/4`]: { ...ago(29), origins: {} },
    [`hour/${vantage}/${shard}/5`]: { ...ago(29), origins: {} },
    "day/shop/old/6": { ...ago(399), vantages: {} },
    "day/shop/primary/7": { ...ago(402), vantages: {} },
    "later/1": { version: 7 },
  };
  await inStorage(
    worker,
    (database) => {
      const put = database.prepare("INSERT INTO v1_history (key, body) VALUES (?, ?)");
      for (const [key, body] of Object.entries({ ...gone, ...kept })) put.run(key, JSON.stringify(body));
      const shard = { vantage, shard: "7of9", seq: 1, heard: Date.now() - 31 * DAY_MS, votes: {} };
      database.prepare("INSERT INTO v1_shards (key, body) VALUES (?, ?)").run(`${vantage}/7of9`, JSON.stringify(shard));
    },
    { readOnly: false },
  );
  await worker.start();
  await until(
    "they are gone",
    async (see) => {
      const stored = await rows();
      const left = see(Object.keys(gone).filter((key) => stored.has(key)));
      for (const key of Object.keys(kept)) assert.ok(stored.has(key), `${key} is kept`);
      return left.length === 0;
    },
    90_000,
  );
  const shards = await inStorage(worker, (database) => database.prepare("SELECT key FROM v1_shards").all());
  assert.ok(shards.length > 0 && !shards.some(({ key }) => key.endsWith("/7of9")), JSON.stringify(shards));
  const stored = await rows();
  assert.ok(stored.get(open).swept, "how far the walk came is stored with a row that is written anyway");
  assert.equal((await worker.get("/v1/history/shop/primary?step=1h")).status, 200);
  const older = await worker.get(`/v1/history/shop/primary?step=1h&from=${Date.now() - 31 * DAY_MS}`);
  assert.match((await older.json()).detail, /Steps of 1h are kept for 30 days/);
});
