// Somebody is told. Real receivers verify signatures, fail, hang, ask for patience, or lose the
// reply after accepting. A runtime is killed while a message is on its way.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { answers, config, finished, logs, origin, root, startWorker, until } from "./lib.mjs";
import { receiver } from "./receivers.mjs";
import { vedette } from "../../scripts/lib/worker.mjs";

const key = () => `whsec_${randomBytes(24).toString("base64")}`;
const canary = (where) => `canary${where}${randomBytes(8).toString("hex")}`;
const keys = { KEY: key(), OLD_KEY: key() };
const tokens = [canary("chat"), canary("old"), canary("origin"), canary("receiver")];
const folder = mkdtempSync(join(tmpdir(), "vedette-notify-"));
const inboxes = {};
let shop, worker, secrets;

/**
 * What each receiver does with the attempts that come to it, one after the other; then it takes
 * everything.
 */
const conduct = {
  ops: [],
  old: [],
  chat: [],
  broken: [
    (response) => response.writeHead(500).end(tokens[3]),
    (response) => response.writeHead(302, { location: `/${tokens[3]}` }).end(),
  ],
  patient: [(response) => response.writeHead(429, { "retry-after": "8" }).end()],
  lossy: [(response) => response.destroy()],
  hanging: Array(100).fill(() => {}),
  held: Array(2).fill(() => {}),
};

before(async () => {
  shop = await origin(answers.ok);
  for (const [name, script] of Object.entries(conduct)) {
    // Slack knows no signature; of the others one holds the new key and the rest the old one.
    const inbox = await receiver(name === "chat" ? undefined : name === "ops" ? keys.KEY : keys.OLD_KEY);
    inbox.answer = (response) => (script.shift() ?? ((response) => response.writeHead(204).end()))(response);
    inboxes[name] = inbox;
  }
  const address = (name, token) => `http://127.0.0.1:${inboxes[name].port}/${token}`;
  secrets = { ...keys, CHAT_URL: address("chat", tokens[0]), OLD_URL: address("old", tokens[1]) };
  const file = join(folder, "secrets");
  writeFileSync(
    file,
    Object.entries(secrets)
      .map(([name, value]) => `${name}=${value}\n`)
      .join(""),
  );
  const channel = (name, lines) => `\n[[notify]]\nname = "${name}"\non = ["fail", "recovered", "warn"]\n${lines.join("\n")}\n`;
  const webhook = (name, url = `"${inboxes[name]?.url}"`, secret = '["KEY", "OLD_KEY"]') =>
    channel(name, ['kind = "webhook"', `url = ${url}`, `secret = ${secret}`]);
  const plain = ["ops", "broken", "patient", "lossy", "hanging", "held"].map((name) => webhook(name));
  worker = await startWorker(
    'public_url = "https://status.example.com"\n' +
      config({ shop: { primary: shop.port } }) +
      plain.join("") +
      webhook("old", '{ secret = "OLD_URL" }') +
      channel("chat", ['kind = "slack"', 'url = { secret = "CHAT_URL" }']) +
      webhook("unset", `"${inboxes.ops.url}"`, '"NOT_SET"'),
    { env: { VEDETTE_SECRETS: file } },
  );
  await until("the origin passes", async () => (await worker.text("/health/shop?format=text")).trim() === "pass");
});

after(async () => {
  await worker?.stop();
  for (const one of [shop, ...Object.values(inboxes)]) await one?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** The messages that a receiver got, each attempt of it. */
const attempts = (name) => inboxes[name].messages;

test("a failure is told to whoever takes it, signed with both keys, while other receivers hang and fail", async () => {
  shop.answer = (_, response) => response.writeHead(500, tokens[2]).end(tokens[2]);
  await until("the failure is told", (see) => see(inboxes.ops.told()).includes("fail pool/shop"));
  await until("with the other key too, at an address that is secret", (see) => see(inboxes.old.told()).includes("fail pool/shop"));
  await until("it came to the one that hangs", () => attempts("hanging").length > 0);
  const { json, headers } = attempts("ops").find(({ json }) => json.type === "vedette.pool.fail");
  const [news] = json.data.news;
  assert.equal(headers["webhook-signature"].split(" ").length, 2);
  assert.match(news.reason, /primary fail: 3 of 3 vantages: .*: status 500/);
  assert.deepEqual(news.seen_from, ["weur", "enam", "apac"]);
  assert.equal(news.health, "https://status.example.com/health/shop");
  assert.match(inboxes.old.messages[0].path, new RegExp(tokens[1]));
});

test("Slack is sent a text and blocks", async () => {
  const [{ json, path }] = await until("it came", () => attempts("chat").length > 0 && attempts("chat"));
  assert.match(json.text, /shop (fails|warns)/);
  assert.equal(json.blocks[0].type, "section");
  assert.match(path, new RegExp(tokens[0]));
});

for (const [name, what] of [
  ["broken", "fails"],
  ["lossy", "accepts and loses the reply"],
  ["patient", "asks for patience"],
]) {
  test(`a receiver that ${what} gets the message again, with the same id, and then is left alone`, async () => {
    const wanted = { broken: 3, lossy: 2, patient: 2 }[name];
    await until("it came again", (see) => see(attempts(name).length) >= wanted, 60_000);
    await until("it counts as delivered", async (see) =>
      see(await worker.text("/readyz?verbose")).includes(`[+]notify ${name} delivered at`),
    );
    const [first, ...others] = attempts(name).slice(0, wanted);
    for (const other of others) assert.deepEqual([other.id, other.body], [first.id, first.body]);
    // Without the header it would have come after 6.25 s at most.
    if (name === "patient") assert.ok(others[0].at - first.at >= 7_900, `${others[0].at - first.at} ms`);
  });
}

test("a channel that fails is shown, with the reason, and leaves the worker ready", async () => {
  const ready = await until(
    "it shows",
    async (see) => {
      const answer = await worker.get("/readyz?verbose");
      const text = see(await answer.text());
      return /\[-\]notify hanging failing since \S+: no answer within 10s, 1 waiting/.test(text) && { answer, text };
    },
    30_000,
  );
  assert.equal(ready.answer.status, 200);
  assert.match(ready.text, /\[-\]notify unset failing since \S+: the secret NOT_SET is not set/);
});

test("a message that was on its way when the runtime was killed comes again, with the same id", async () => {
  const before = await until("it is on its way", () => attempts("held").length > 0 && attempts("held").length);
  await worker.kill9();
  conduct.held.length = 0;
  await worker.start();
  await until("it came again", (see) => see(attempts("held").length) > before, 30_000);
  const ids = new Set(attempts("held").map(({ id }) => id));
  assert.equal(ids.size, 1);
});

test("a recovery is told once, of what was told", async () => {
  shop.answer = answers.ok;
  await until("it is told", (see) => see(inboxes.ops.told()).includes("recovered pool/shop"), 60_000);
  await until(
    "to the one that hung for long, too",
    (see) => {
      conduct.hanging.length = 0;
      return see(inboxes.hanging.told()).includes("recovered pool/shop");
    },
    120_000,
  );
  for (const name of ["ops", "old", "lossy"]) {
    const seen = new Map(attempts(name).map((message) => [message.id, message]));
    const told = [...seen.values()].flatMap(({ json }) => json.data.news.map(({ kind }) => kind));
    assert.deepEqual(
      told.filter((kind) => ["fail", "recovered"].includes(kind)),
      ["fail", "recovered"],
      name,
    );
  }
});

test("every message was signed as the specification asks", () => {
  for (const [name, inbox] of Object.entries(inboxes)) assert.deepEqual(inbox.refused, [], name);
});

test("no message, no answer and no line of the log has a secret in it", async () => {
  const bodies = Object.values(inboxes).flatMap((inbox) => inbox.messages.map(({ body, headers }) => `${body}${JSON.stringify(headers)}`));
  const pages = [];
  for (const path of ["/", "/health", "/health/shop", "/readyz?verbose"]) pages.push(await worker.text(path));
  const said = [...bodies, ...pages, worker.said()].join("\n");
  for (const secret of [...tokens, ...Object.values(keys), ...Object.values(keys).map((key) => key.slice(6))])
    assert.ok(!said.includes(secret), `${secret.slice(0, 12)}… is said`);
  await logs(worker, /"event":"notify_failed"/);
});

test("the command line sends a test message that the receiver can verify, and explains what it said", async () => {
  const run = (name, env = secrets) =>
    finished(...vedette("notify-test", worker.file, name), { cwd: root, env: { ...process.env, ...env } });
  const { code, said } = await run("ops");
  assert.equal(code, 0, said);
  assert.match(said, /taken: the receiver has it/);
  assert.equal(attempts("ops").at(-1).json.type, "vedette.test");
  assert.equal((await run("chat")).code, 0);
  assert.match(attempts("chat").at(-1).json.text, /arrive here/);
  const wrong = await run("ops", { ...secrets, KEY: key(), OLD_KEY: key() });
  assert.equal(wrong.code, 1);
  assert.match(wrong.said, /not taken: status 401; does it verify with the same secret/);
  for (const secret of [...tokens, ...Object.values(keys)]) assert.ok(!`${said}${wrong.said}`.includes(secret));
});
