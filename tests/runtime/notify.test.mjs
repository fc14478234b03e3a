// Somebody is told: real receivers that verify signatures, fail, hang, ask for patience, and lose the reply after accepting.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { answers, config, origin, startWorker, until } from "./lib.mjs";
import { receiver } from "./receivers.mjs";

const key = () => `whsec_${randomBytes(24).toString("base64")}`;
const keys = { OPS_KEY: key(), OPS_KEY_OLD: key(), HANGING_KEY: key() };
const token = `canary${randomBytes(8).toString("hex")}`;
const folder = mkdtempSync(join(tmpdir(), "vedette-notify-"));
let shop, ops, old, hanging, slack, worker;

/** A channel of the configuration. */
const channel = (name, lines) => `\n[[notify]]\nname = "${name}"\n${lines.join("\n")}\n`;

before(async () => {
  shop = await origin(answers.ok);
  [ops, old, hanging, slack] = [await receiver(keys.OPS_KEY), await receiver(keys.OPS_KEY_OLD), await receiver(keys.HANGING_KEY), await receiver()];
  const file = join(folder, "secrets");
  const secrets = { ...keys, SLACK_URL: `http://127.0.0.1:${slack.port}/services/${token}`, OLD_URL: `http://127.0.0.1:${old.port}/${token}` };
  writeFileSync(file, Object.entries(secrets).map(([name, value]) => `${name}=${value}\n`).join(""));
  const on = 'on = ["fail", "recovered", "warn"]';
  const text =
    'public_url = "https://status.example.com"\n' +
    config({ shop: { primary: shop.port } }) +
    channel("ops", ['kind = "webhook"', `url = "${ops.url}"`, 'secret = ["OPS_KEY", "OPS_KEY_OLD"]', on]) +
    channel("old", ['kind = "webhook"', 'url = { secret = "OLD_URL" }', 'secret = ["OPS_KEY", "OPS_KEY_OLD"]', on]) +
    channel("hanging", ['kind = "webhook"', `url = "${hanging.url}"`, 'secret = "HANGING_KEY"', on]) +
    channel("chat", ['kind = "slack"', 'url = { secret = "SLACK_URL" }', on]) +
    channel("unset", ['kind = "webhook"', `url = "${ops.url}"`, 'secret = "NOT_SET"', on]);
  hanging.answer = () => {};
  worker = await startWorker(text, { env: { VEDETTE_SECRETS: file } });
  await until("the origin passes", async () => (await worker.text("/health/shop?format=text")).trim() === "pass");
});

after(async () => {
  await worker?.stop();
  for (const one of [shop, ops, old, hanging, slack]) await one?.stop();
  rmSync(folder, { recursive: true, force: true });
});

test("a failure is told, signed with both keys, to whoever takes it, while another receiver hangs", async () => {
  shop.answer = answers.broken;
  await until("the failure is told", (see) => see(ops.told()).includes("fail pool/shop"));
  await until("with the other key too", (see) => see(old.told()).includes("fail pool/shop"));
  await until("the other channel hangs", (see) => see(hanging.messages).length > 0);
  const { json, headers } = ops.messages.find(({ json }) => json.type === "vedette.pool.fail");
  const [news] = json.data.news;
  assert.equal(headers["webhook-signature"].split(" ").length, 2);
  assert.match(news.reason, /primary fail: 3 of 3 vantages: apac, enam, weur: status 500/);
  assert.deepEqual(news.seen_from, ["weur", "enam", "apac"]);
  assert.equal(news.health, "https://status.example.com/health/shop");
  assert.deepEqual([...ops.refused, ...old.refused, ...hanging.refused], []);
});
