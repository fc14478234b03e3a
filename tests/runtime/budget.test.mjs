// What the built worker does in workerd in a minute, counted at the platform's own calls, against
// what `check` calculates for a day.

import assert from "node:assert/strict";
import { cpSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { answers, config, finished, origin, root, startWorker, until } from "./lib.mjs";
import { vedette } from "../../scripts/lib/worker.mjs";

/**
 * Stands between `entry.mjs` and the wasm worker, and says in the log what each object asks of the
 * platform.
 */
const counting = `
export * from "./real.js";
import * as real from "./real.js";

const tally = (what, n) => n && console.log(JSON.stringify({ tally: what, n, at: Date.now() }));

function counted(Inner) {
  return class {
    constructor(state, env) {
      const { storage } = state;
      for (const name of ["setAlarm", "put"]) {
        const asked = storage[name].bind(storage);
        storage[name] = (...args) => (tally("rows", 1), asked(...args));
      }
      const { sql } = storage;
      const exec = sql.exec.bind(sql);
      sql.exec = (text, ...values) => {
        const cursor = exec(text, ...values);
        if (/^(INSERT|DELETE)/.test(text)) tally("rows", cursor.rowsWritten);
        return cursor;
      };
      this.inner = new Inner(state, env);
    }
    fetch(request) {
      tally("requests", 1);
      return this.inner.fetch(request);
    }
    alarm() {
      tally("requests", 1);
      return this.inner.alarm();
    }
  };
}

export const Vantage = counted(real.Vantage);
export const Arbiter = counted(real.Arbiter);
`;

const MINUTE = 60_000;

/**
 * Nobody reads while it is counted, and cron never fires in wrangler dev. A laptop is not limited
 * by the day, as the paid plan is not: no shard ever rests.
 */
const READS = 172_800;
const CRON = 1_440;

let origins, folder, worker;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), "vedette-counting-"));
  cpSync(join(root, "build"), folder, { recursive: true });
  renameSync(join(folder, "index.js"), join(folder, "real.js"));
  writeFileSync(join(folder, "index.js"), counting);
  origins = await Promise.all([origin(answers.ok), origin(answers.ok)]);
  const [primary, standby] = origins.map(({ port }) => port);
  worker = await startWorker(config({ shop: { primary, standby } }), { env: { VEDETTE_BUILD: folder } });
});

after(async () => {
  await worker?.stop();
  await Promise.all(origins?.map((one) => one.stop()) ?? []);
  rmSync(folder, { recursive: true, force: true });
});

const tallies = () => [...worker.said().matchAll(/\{"tally":.*?\}/g)].map(([line]) => JSON.parse(line));

test("a minute at rest costs what is calculated", { timeout: 180_000 }, async (t) => {
  const { code, said } = await finished(...vedette("check", worker.file, "--json"), { cwd: root });
  assert.equal(code, 0, said);
  const day = Object.fromEntries(JSON.parse(said).budget.paid.a_day.map(({ what, normal }) => [what, normal]));
  await until("everything passes", async (see) => see((await worker.json("/health/shop")).status) === "pass");
  const probes = () => origins.reduce((sum, { requests }) => sum + requests.length, 0);
  // The votes of all three are stored, and the first alarms after that have rung.
  const begun = Date.now() + 5_000;
  await until("a minute has passed", (see) => see(tallies().at(-1)?.at) > begun + MINUTE, 2 * MINUTE);
  const counted = (what) =>
    tallies()
      .filter(({ tally, at }) => tally === what && at > begun && at <= begun + MINUTE)
      .reduce((sum, { n }) => sum + n, 0);
  const calculated = {
    requests: (day["Durable Object requests"] - READS - CRON) / 1_440,
    rows: day["rows written"] / 1_440,
  };
  assert.ok(probes() > 300, "it watches");
  for (const [what, expected] of Object.entries(calculated)) {
    const seen = counted(what);
    t.diagnostic(`${what} in a minute: calculated ${expected.toFixed(1)}, counted ${seen}`);
    // A minute holds whole ticks only, and this machine may be late.
    assert.ok(Math.abs(seen - expected) <= 0.08 * expected, `${what}: calculated ${expected.toFixed(1)}, counted ${seen}`);
  }
});
