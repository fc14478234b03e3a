// Vedette's own addresses where their host is routed: what is printed, and what messages say, leads
// to Vedette and not to the application.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { vedette } from "../../scripts/lib/worker.mjs";
import { answers, config, finished, origin, root, startWorker, until } from "./lib.mjs";
import { receiver } from "./receivers.mjs";
import { through } from "./through.mjs";

const PUBLIC = "shop.example.org";
const KEY = `key-${randomBytes(16).toString("hex")}`;
const JOBS = '\n[[pool]]\nname = "jobs"\n[[pool.origin]]\nname = "nightly"\nkind = "heartbeat"\nperiod = "1h"\n';

const folder = mkdtempSync(join(tmpdir(), "vedette-own-paths-"));
const secrets = join(folder, "secrets");
let application, inbox, worker;

before(async () => {
  writeFileSync(secrets, `HEARTBEAT_KEY=${KEY}\nTOLD_KEY=whsec_${randomBytes(24).toString("base64")}\n`);
  application = await origin(answers.ok);
  inbox = await receiver();
  const text =
    `public_url = "https://${PUBLIC}"\nheartbeat_secret = "HEARTBEAT_KEY"\n` +
    config({ shop: { primary: application.port } }, { vantages: ["weur"] }) +
    JOBS +
    '\n[[route]]\nhost = "*"\npath = "/"\npool = "shop"\n' +
    `\n[[notify]]\nname = "ops"\non = ["fail", "recovered"]\nkind = "webhook"\nurl = "${inbox.url}"\nsecret = "TOLD_KEY"\n`;
  worker = await startWorker(text, { env: { VEDETTE_SECRETS: secrets } });
  await until("the shop passes", async (see) => see(await worker.text("/health/shop?format=word")) === "pass");
});

after(async () => {
  await worker?.stop();
  for (const one of [application, inbox]) await one?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const visits = () => application.requests.filter(({ vantage }) => vantage === undefined).map(({ path }) => path);

/** Asks for a public address, as whoever finds the worker under that host does. */
function visit(address, init) {
  const { host, pathname, search } = new URL(address);
  assert.equal(host, PUBLIC);
  return through(worker, pathname + search, { host, ...init });
}

test("the host is routed: what is not Vedette's own goes to the application", async () => {
  assert.equal((await visit(`https://${PUBLIC}/v1/heartbeat/x`, { method: "POST" })).text, '{"ok":true}');
  assert.deepEqual(visits(), ["/v1/heartbeat/x"]);
});

test("the address that is printed for a job leads to Vedette, which counts the heartbeat", async () => {
  const { code, said } = await finished(...vedette("heartbeat", worker.file, "jobs/nightly"), {
    cwd: root,
    env: { ...process.env, HEARTBEAT_KEY: KEY },
  });
  assert.equal(code, 0, said);
  const [address] = said.match(/https:\/\/\S+\/v1\/heartbeat\/\S+/);
  const count = visits().length;
  assert.equal((await visit(address, { method: "POST" })).status, 204);
  assert.equal(visits().length, count, "the application sees neither the request nor the token");
  await until("the job passes", async (see) => see(await worker.text("/health/jobs/nightly?format=word")) === "pass");
});

test("links in messages lead to Vedette", async () => {
  application.answer = answers.broken;
  await until("the failure is told", (see) => see(inbox.told()).includes("fail pool/shop"));
  application.answer = answers.ok;
  const links = [...new Set(inbox.messages.flatMap(({ body }) => body.match(/https?:\/\/[^\s"\\]+/g) ?? []))].filter((link) =>
    link.includes(PUBLIC),
  );
  assert.ok(links.length > 0);
  const count = visits().length;
  for (const link of links) {
    const answer = await visit(link);
    // The health of what fails is 503.
    assert.match(answer.headers["content-type"], /^(text\/html|application\/health\+json)/, link);
    assert.ok(answer.status === 200 || answer.headers["vedette-status"], `${link}: ${answer.status}`);
  }
  assert.equal(visits().length, count);
});

test("check says where they lead", async () => {
  const { said } = await finished(...vedette("check", worker.file), { cwd: root });
  assert.match(said, /the host of public_url is routed, so what is Vedette's own there is under https:\/\/shop\.example\.org\/\.vedette\//);
});
