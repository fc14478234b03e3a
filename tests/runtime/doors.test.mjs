// Who may see what, against the built worker in workerd: closed doors, hidden monitors, tokens of
// readers and writers. No token is ever seen again.

import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { answers, origin, startWorker, until } from "./lib.mjs";

const folder = mkdtempSync(join(tmpdir(), "vedette-doors-"));

/** A token, and what a deployment holds of it: independent of the worker's own code. */
const make = (name) => {
  const token = `vdt_${randomBytes(32).toString("base64url")}`;
  return { token, entry: `${name}:${createHash("sha256").update(token).digest("hex")}` };
};
const [reader, second, writer, stranger] = ["old", "new", "ada", "eve"].map(make);
const bearer = (token) => ({ headers: { authorization: `Bearer ${token}` } });

const PACE = `[defaults]\ninterval = "1s"\nfast_interval = "1s"\ntimeout = "500ms"\nfall = 2\nrise = 2\nvantages = ["weur"]\n`;
const monitor = (name, url, lines = "") => `[[monitor]]\nname = "${name}"\nurl = "${url}"\n${lines}\n`;
const ACCESS = `[access]\nread_tokens = "READ"\nadmin_tokens = "ADMIN"\n`;

let site, open, closed;
before(async () => {
  const file = join(folder, "secrets");
  writeFileSync(file, `READ=${reader.entry} ${second.entry}\nADMIN=${writer.entry}\n`);
  site = await origin(answers.ok);
  const address = `http://127.0.0.1:${site.port}`;
  const start = (text) => startWorker(text, { env: { VEDETTE_SECRETS: file, VEDETTE_LOG_LEVEL: "debug" } });
  const monitors = PACE + monitor("shown", address) + monitor("veiled", address, "public = false");
  open = await start(monitors + ACCESS);
  closed = await start(`${monitors}${ACCESS}page = "read"\nhealth = "read"\nsignal = "read"\n`);
  for (const worker of [open, closed])
    await until("all pass", async (see) => {
      const answer = await worker.get("/health/veiled", bearer(reader.token));
      return see((await answer.json()).status) === "pass";
    });
});
after(async () => {
  await Promise.all([open?.stop(), closed?.stop()]);
  await site?.stop();
  rmSync(folder, { recursive: true, force: true });
});

test("a closed door opens to each good token, and to nothing else", async () => {
  for (const path of ["/", "/health", "/health/shown", "/readyz?verbose"]) {
    for (const { token } of [reader, second, writer]) {
      const answer = await closed.get(path, bearer(token));
      assert.equal(answer.status, 200, path);
      assert.equal(answer.headers.get("cache-control"), "no-store");
      assert.equal(answer.headers.get("access-control-allow-origin"), null);
    }
    for (const [sent, error] of [
      [undefined, /^Bearer realm="vedette"$/],
      [bearer(stranger.token), /error="invalid_token"/],
      [bearer(reader.entry), /error="invalid_token"/],
      [bearer("x".repeat(8000)), /error="invalid_token"/],
      [{ headers: { authorization: "Basic YTpi" } }, /^Bearer realm="vedette"$/],
    ]) {
      const answer = await closed.get(path, sent);
      assert.equal(answer.status, 401, path);
      assert.match(answer.headers.get("www-authenticate"), error);
      assert.equal(answer.headers.get("content-type"), "application/problem+json");
      assert.equal(answer.headers.get("access-control-allow-origin"), null);
      assert.doesNotMatch(await answer.text(), /shown|veiled/);
    }
  }
  for (const path of ["/livez", "/readyz", "/style.css"]) assert.equal((await closed.get(path)).status, 200, path);
});

test("what is hidden is answered as what does not exist, and told in full to a reader", async () => {
  for (const path of ["/health/NAME", "/health/NAME/NAME", "/health/NAME?format=text", "/route/NAME", "/v1/stream/NAME"]) {
    const [hidden, absent] = await Promise.all(["veiled", "absent"].map((name) => open.get(path.replaceAll("NAME", name))));
    const [one, other] = [hidden, absent].map((answer) => [answer.status, [...answer.headers]]);
    assert.deepEqual(one, other, path);
    assert.equal(hidden.status, 404, path);
    assert.equal(await hidden.text(), await absent.text());
  }
  assert.equal((await open.get("/health/veiled", bearer(reader.token))).status, 200);
  assert.match(await (await open.get("/", bearer(reader.token))).text(), /veiled/);
  assert.doesNotMatch(await open.text("/"), /veiled/);
  assert.match(await open.text("/"), /1 monitor\./);
});

test("an answer that is given again never crosses between who may see all and who may not", async () => {
  const asked = async (sent) => {
    const answer = await open.get("/health", sent);
    return /veiled/.test(await answer.text());
  };
  for (let round = 0; round < 20; round += 1) {
    assert.equal(await asked(), false);
    assert.equal(await asked(bearer(reader.token)), true);
    assert.equal(await asked({ headers: { cookie: "a=b" } }), false);
    assert.equal((await open.get("/health", bearer(stranger.token))).status, 401);
  }
  const { pending } = await Promise.all(Array.from({ length: 100 }, (_, n) => asked(n % 2 ? bearer(second.token) : undefined))).then(
    (seen) => ({ pending: seen.filter((all, n) => all !== Boolean(n % 2)) }),
  );
  assert.deepEqual(pending, []);
});

test("a token in the address is refused, and not repeated", async () => {
  for (const query of [`token=${reader.token}`, `access_token=abc`, `a=${reader.token}`, `Token=x`]) {
    const answer = await open.get(`/?${query}`);
    assert.equal(answer.status, 400, query);
    assert.match(await answer.text(), /token-in-address/);
  }
});

test("no token and no hash of one is in the log", () => {
  const said = open.said() + closed.said();
  assert.match(said, /verdict_changed|vedette listens/);
  for (const { token, entry } of [reader, second, writer, stranger])
    for (const text of [token, token.slice(4), entry.split(":")[1]]) assert.ok(!said.includes(text));
});
