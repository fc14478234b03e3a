// What somebody with a token changes, against the built worker in workerd: who may, on which
// conditions, what is answered when it is sent again, and what is remembered of it.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { answers, origin, person, startWorker, until } from "./lib.mjs";

const folder = mkdtempSync(join(tmpdir(), "vedette-writes-"));
const [reader, writer] = ["rita", "ada"].map(person);
const PATH = "/v1/announcement";

let site, worker, closed;
before(async () => {
  const file = join(folder, "secrets");
  writeFileSync(file, `READ=${reader.entry}\nADMIN=${writer.entry}\n`);
  site = await origin(answers.ok);
  const monitor = `[[monitor]]\nname = "shown"\nurl = "http://127.0.0.1:${site.port}"\n`;
  const start = (access) => startWorker(monitor + access, { laptop: true, env: { VEDETTE_SECRETS: file, VEDETTE_LOG_LEVEL: "debug" } });
  worker = await start('[access]\nread_tokens = "READ"\nadmin_tokens = "ADMIN"\n');
  closed = await start("");
});
after(async () => {
  await Promise.all([worker?.stop(), closed?.stop()]);
  await site?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const send = (method, body, headers = {}, token = writer.token) =>
  worker.get(PATH, {
    method,
    body: typeof body === "object" && !(body instanceof ReadableStream) ? JSON.stringify(body) : body,
    duplex: "half",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json", ...headers },
  });
const audit = async () => (await worker.get("/v1/audit", { headers: { authorization: `Bearer ${writer.token}` } })).json();

test("nobody writes without a writer's token, and nothing of what is refused is remembered", async () => {
  const draft = { title: "x" };
  for (const method of ["PUT", "DELETE"]) {
    assert.equal((await closed.get(PATH, { method })).status, 403, "closed where there are no tokens");
    assert.equal((await worker.get(PATH, { method })).status, 401);
    assert.equal((await send(method, draft, {}, reader.token)).status, 403);
    assert.equal((await send(method, draft, {}, "vdt_x")).status, 401);
    assert.equal((await send(method, draft, { origin: "https://evil.example" })).status, 403);
  }
  const { headers } = await worker.get("/sign-in", {
    method: "POST",
    body: `token=${writer.token}`,
    headers: { "content-type": "application/x-www-form-urlencoded" },
  });
  const cookie = headers.get("set-cookie").split(";")[0];
  const bySession = { method: "PUT", body: JSON.stringify(draft), headers: { cookie, "content-type": "application/json" } };
  assert.equal((await worker.get(PATH, bySession)).status, 403, "a session only reads");
  for (const token of [undefined, reader.token])
    assert.ok([401, 403].includes((await worker.get("/v1/audit", token && { headers: { authorization: `Bearer ${token}` } })).status));
  assert.deepEqual(await audit(), []);
});

test("a body that is too long, of another kind, or of another form is refused with the way out", async () => {
  for (const [body, more, status] of [
    ["x".repeat(10_000), {}, 413],
    ["x".repeat(1_000_000), {}, 413],
    ["{}", { "content-type": "text/plain" }, 415],
    ["{}", {}, 422],
    [{ title: "a", script: "b" }, {}, 422],
    [{ title: "\u202e" }, {}, 422],
    [{ title: "a", until: "2020-01-01T00:00:00Z" }, {}, 422],
  ]) {
    const answer = await send("PUT", body, more);
    assert.equal(answer.status, status, JSON.stringify(body).slice(0, 80));
    assert.equal(answer.headers.get("content-type"), "application/problem+json");
  }
  assert.deepEqual(await audit(), []);
});

test("whoever sends far too much reads that answer, however it is sent and whatever else goes on", async () => {
  const piece = "x".repeat(50_000);
  const pieces = () =>
    new ReadableStream({
      start(stream) {
        for (let sent = 0; sent < 10; sent++) stream.enqueue(new TextEncoder().encode(piece));
        stream.close();
      },
    });
  for (const body of [() => piece.repeat(20), pieces])
    for (let round = 0; round < 8; round++) {
      const sent = Array.from({ length: 8 }, () => send("PUT", body()));
      for (const answer of await Promise.all(sent)) {
        assert.equal(answer.status, 413);
        assert.match((await answer.json()).detail, /At most \d+ bytes/);
      }
    }
});

test("an announcement is made once, shown as text, edited by who knows it, logged, and taken away", async () => {
  const key = { "idempotency-key": "first" };
  const draft = {
    title: "Tonight <b>",
    text: "<script>alert(1)</script>\nfrom ten",
    level: "warn",
    until: new Date(Date.now() + 3_600_000).toISOString(),
  };
  const [one, two] = [await send("PUT", draft, key), await send("PUT", draft, key)];
  assert.deepEqual([one.status, two.status], [200, 200]);
  assert.deepEqual(await one.json(), await two.json(), "what is sent again is answered as the first time");
  const tag = one.headers.get("etag");
  assert.equal(two.headers.get("etag"), tag);
  assert.equal((await send("PUT", { title: "other" }, key)).status, 422, "the key of another change");
  const page = await until("the page shows it", async () => {
    const text = await worker.text("/");
    return text.includes("Tonight &lt;b&gt;") && text;
  });
  assert.ok(page.includes("&lt;script&gt;alert(1)") && !page.includes("<script>alert"));

  assert.equal((await send("PUT", { title: "b" })).status, 428);
  assert.equal((await send("PUT", { title: "b" }, { "if-match": '"999"' })).status, 412);
  const race = await Promise.all(["Edit-b", "Edit-c", "Edit-d"].map((title) => send("PUT", { title }, { "if-match": tag })));
  assert.deepEqual(race.map(({ status }) => status).sort(), [200, 412, 412], "one of those who edit at once");
  const now = race.find(({ status }) => status === 200);
  const after = await now.json();

  await worker.restart();
  const log = await audit();
  assert.deepEqual(
    log.map(({ who, before, after }) => [who, before?.title ?? null, after?.title ?? null]),
    [
      ["ada", "Tonight <b>", after.title],
      ["ada", null, "Tonight <b>"],
    ],
  );
  const shown = await worker.get(PATH, { headers: { authorization: `Bearer ${reader.token}` } });
  assert.deepEqual([shown.status, (await shown.json()).title], [200, after.title]);
  assert.equal((await send("PUT", draft, key)).headers.get("etag"), tag, "a key is remembered over a restart");

  assert.equal((await send("DELETE", undefined, { "if-match": tag })).status, 412);
  assert.equal((await send("DELETE", undefined, { "if-match": now.headers.get("etag") })).status, 204);
  assert.equal((await send("DELETE", undefined, { "if-match": "*" })).status, 404);
  await until("the page shows it no more", async () => !(await worker.text("/")).includes(after.title));
  assert.equal((await audit())[0].after, null);
  assert.ok(!worker.said().includes(writer.token));
});
