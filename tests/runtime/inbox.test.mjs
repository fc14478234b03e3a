// The inbox of `npm start`: takes what is signed, once, and shows it.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { Webhook } from "standardwebhooks";
import { freePort } from "../../scripts/lib/ports.mjs";
import { root, until } from "./lib.mjs";

const key = `whsec_${randomBytes(32).toString("base64")}`;
let url, child;

before(async () => {
  const port = await freePort();
  url = `http://127.0.0.1:${port}`;
  child = spawn(process.execPath, [join(root, "scripts", "inbox.mjs")], {
    env: { ...process.env, PORT: String(port), INBOX_KEY: key },
    stdio: "ignore",
  });
  await until("the inbox listens", async () => (await fetch(url)).ok);
});

after(() => child?.kill());

const body = JSON.stringify({
  type: "vedette.pool.fail",
  timestamp: "2026-11-23T12:31:38.002Z",
  data: { title: "shop <b>fails</b>", text: "why & how" },
});

/** Posts a message signed with this key. */
async function post(id, signedWith = key) {
  const at = new Date();
  const headers = {
    "webhook-id": id,
    "webhook-timestamp": String(Math.floor(at / 1000)),
    "webhook-signature": new Webhook(signedWith).sign(id, at, body),
  };
  return (await fetch(url, { method: "POST", headers, body })).status;
}

test("what is not signed, or with another key, is refused", async () => {
  assert.equal((await fetch(url, { method: "POST", body })).status, 401);
  assert.equal(await post("msg_0", `whsec_${randomBytes(32).toString("base64")}`), 401);
  assert.match(await (await fetch(url)).text(), /Nothing has come yet/);
});

test("what is signed is shown once, however often it comes", async () => {
  assert.equal(await post("msg_1"), 204);
  assert.equal(await post("msg_1"), 204);
  assert.equal(await post("msg_2"), 204);
  const page = await (await fetch(url)).text();
  assert.equal(page.split("signature verified").length, 3);
  assert.ok(page.includes("shop &#60;b&#62;fails") && !page.includes("<b>fails"), "and its text is text");
});
