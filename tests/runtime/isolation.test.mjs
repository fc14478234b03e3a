// Without references, a vantage is judged by what the others see: its failures do not count while
// nothing answers it and most others get good answers. Once they do not, they are believed.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { becomes, pageSays, signal } from "./explained.mjs";
import { answers, config, origin, startWorker } from "./lib.mjs";

const IDS = ["shop/primary", "shop/standby"];
const WHY = "nothing answers weur, while enam and 1 more get good answers";

let primary, standby, worker;
/** The vantages that no origin answers. */
let cutOff = [];

const answer = (request, response) =>
  cutOff.includes(request.headers["vedette-vantage"]) ? request.socket.destroy() : answers.ok(request, response);

before(async () => {
  // Two hosts: one alone may be out of reach from one place.
  [primary, standby] = [await origin(answer), await origin(answer, "127.0.0.2")];
  const text = config({ shop: { primary: primary.port, standby: standby.port } }, { settings: { shop: 'quorum = "any"' } });
  worker = await startWorker(text.replace(`127.0.0.1:${standby.port}`, `127.0.0.2:${standby.port}`));
  for (const id of IDS) await comes(id, "is decided everywhere", ({ output }) => output === "3 of 3 vantages pass");
});

after(async () => {
  await worker?.stop();
  for (const one of [primary, standby]) await one?.stop();
});

const comes = (id, what, check) => becomes(worker, id, what, check);

test("one to which nothing answers is named, and not even a quorum of any fails by it", async () => {
  cutOff = ["weur"];
  for (const id of IDS) {
    const seen = await comes(id, "does without weur", ({ output }) => output.endsWith(WHY));
    assert.deepEqual([seen.observedValue, seen.code], ["pass", 200]);
    assert.equal(seen.output, `2 of 2 vantages pass; weur has no evidence: ${WHY}`);
    assert.equal(seen.votes.weur.observedValue, "fail", "its vote is shown");
    assert.match(seen.votes.weur.output, /^no connection/);
    await pageSays(worker, id, seen.output);
  }
  assert.ok((await worker.text("/readyz?verbose")).includes(`[-]vantage weur has no evidence of any origin: ${WHY}`));
  const { origin: chosen, status } = await signal(worker, "shop");
  assert.deepEqual([chosen, status], ["primary", "pass"]);
});

test("once most others see nothing either, it is believed", async () => {
  cutOff = ["weur", "enam"];
  for (const id of IDS) {
    const seen = await comes(id, "fails", ({ observedValue }) => observedValue === "fail");
    await comes(id, "fails from two", ({ output }) => output.startsWith("2 of 3 vantages: enam, weur: no connection"));
    assert.equal(seen.code, 503);
  }
  assert.ok(!(await worker.text("/readyz?verbose")).includes("has no evidence"));
  cutOff = [];
  for (const id of IDS) await comes(id, "passes", ({ output }) => output === "3 of 3 vantages pass");
});
