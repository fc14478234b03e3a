// An origin dies and its pool goes on serving: somebody with all defaults is told of it, and the
// page has one row for it.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { answers, config, origin, startWorker, until } from "./lib.mjs";
import { receiver } from "./receivers.mjs";

const folder = mkdtempSync(join(tmpdir(), "vedette-dead-origin-"));
let primary, standby, inbox, worker;

before(async () => {
  const key = `whsec_${randomBytes(24).toString("base64")}`;
  const file = join(folder, "secrets");
  writeFileSync(file, `KEY=${key}\n`);
  [primary, standby, inbox] = await Promise.all([origin(answers.ok), origin(answers.ok), receiver(key)]);
  worker = await startWorker(
    config({ shop: { primary: primary.port, standby: standby.port } }) +
      `\n[[notify]]\nname = "ops"\nkind = "webhook"\nurl = "${inbox.url}"\nsecret = "KEY"\n`,
    { env: { VEDETTE_SECRETS: file } },
  );
  await until("both pass", async (see) => see(await worker.text("/health/shop?format=text")).trim() === "pass");
});

after(async () => {
  await worker?.stop();
  for (const one of [primary, standby, inbox]) await one?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** The rows among the events of the page, without tags. */
async function rows() {
  const page = await worker.text("/");
  const [, events] = page.match(/<ol class="events">(.*?)<\/ol>/s);
  return events
    .split("</li>")
    .slice(0, -1)
    .map((row) => row.replace(/<[^>]*>/g, ""));
}

/** The news of every message, in their order. */
const news = () => inbox.messages.flatMap(({ json }) => json.data.news.map((one) => ({ ...one, title: json.data.title })));

test("its failure is told, with a sentence about it", async () => {
  primary.answer = (_, response) => response.writeHead(500).end();
  const [told] = await until("it is told", (see) => see(news()).length > 0 && news(), 30_000);
  assert.deepEqual(
    [told.kind, told.subject, told.title, told.failing],
    ["warn", "pool/shop", "shop: primary fails; standby serves", ["primary"]],
  );
  assert.match(told.reason, /primary fail: 3 of 3 vantages: .*: status 500/);
  assert.match(told.traffic, /^standby /);
});

test("the page says it in one row that lasts, whatever changed on the way", async () => {
  const [outage, ...others] = await rows();
  assert.match(outage, /UTCshop\/primaryfail for \d+ s so far/);
  assert.ok(
    others.every((row) => !row.includes("primaryfail")),
    others.join("\n"),
  );
});

test("its end is told with how long it lasted, and stands in the same row", async () => {
  primary.answer = answers.ok;
  const told = await until("its end is told", (see) => see(news()).length > 1 && news(), 90_000);
  assert.deepEqual(
    told.map(({ kind, subject }) => [kind, subject]),
    [
      ["warn", "pool/shop"],
      ["recovered", "pool/shop"],
    ],
  );
  assert.match(told[1].title, /^shop recovered after (\d+m ?)?(\d+s)?: primary failed$/);
  const [outage, ...others] = await rows();
  assert.match(outage, /UTCshop\/primaryfail for \d+ s\d of 3 vantages/);
  assert.ok(others.length <= 1, `and its start is the other: ${others.join("\n")}`);
});
