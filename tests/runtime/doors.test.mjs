// Who may see what, against the built worker in workerd: closed doors, hidden monitors, tokens of
// readers and writers. No token is ever seen again.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { after, before, test } from "node:test";
import { browser, open as page } from "./browser.mjs";
import { answers, origin, person, root, startWorker, until } from "./lib.mjs";

const folder = mkdtempSync(join(tmpdir(), "vedette-doors-"));

/** A token, and what a deployment holds of it: independent of the worker's own code. */
const [reader, second, writer, stranger] = ["old", "new", "ada", "eve"].map(person);
const bearer = (token) => ({ headers: { authorization: `Bearer ${token}` } });

const jobKey = randomBytes(16).toString("hex");

const PACE = `heartbeat_secret = "BEATS"\n[defaults]\ninterval = "1s"\nfast_interval = "1s"\ntimeout = "500ms"\nfall = 2\nrise = 2\nvantages = ["weur"]\n`;
const monitor = (name, url, lines = "") => `[[monitor]]\nname = "${name}"\nurl = "${url}"\n${lines}\n`;
const ACCESS = `[access]\nread_tokens = "READ"\nadmin_tokens = "ADMIN"\n`;

/** Where Vedette's own paths are on a host that is routed, and a route of that host. */
const OWN = "/.vedette";
const ROUTE = '[[route]]\nhost = "*"\npath = "/"\npool = "secluded"\n';
const pool = (url) => `[[pool]]\nname = "secluded"\npublic = false\n[[pool.origin]]\nname = "back"\nurl = "${url}/back"\n`;

/** What is hidden: its names, title and heading. */
const HIDDEN = /veiled|hushed|Unseen|Behind|secluded/;
const JOBS = `[[monitor]]\nname = "hushed"\nkind = "heartbeat"\nperiod = "1h"\npublic = false\n
[[monitor]]\nname = "loud"\nkind = "heartbeat"\nperiod = "1h"\nget = true\n`;

/** The same worker, asked under a host that is routed: this machine's own addresses never are. */
const hosted = (worker) => ({
  ...worker,
  get: (path, { method = "GET", headers = {}, signal } = {}) =>
    new Promise((resolve, reject) => {
      const options = { host: "127.0.0.1", port: worker.port, path, method, signal, headers: { host: "shop.example.org", ...headers } };
      const asked = request(options, (answer) => {
        const { statusCode: status } = answer;
        const bodiless = method === "HEAD" || status === 204 || status === 304;
        resolve(new Response(bodiless ? null : Readable.toWeb(answer), { status, headers: Object.entries(answer.headers) }));
      });
      asked.on("error", reject);
      asked.end();
    }),
});

let site, open, closed, routed, chrome;
before(async () => {
  const file = join(folder, "secrets");
  writeFileSync(file, `READ=${reader.entry} ${second.entry}\nADMIN=${writer.entry}\nBEATS=${jobKey}\n`);
  site = await origin(answers.ok);
  const address = `http://127.0.0.1:${site.port}`;
  const start = (text) => startWorker(text, { env: { VEDETTE_SECRETS: file } });
  const monitors =
    PACE + monitor("shown", address) + monitor("veiled", address, 'public = false\ntitle = "Unseen"\ngroup = "Behind"') + JOBS;
  open = await start(monitors + ACCESS);
  closed = await start(`${monitors}${ACCESS}page = "read"\nhealth = "read"\nsignal = "read"\n`);
  // The host is routed, to what is hidden: Vedette's own paths are below a prefix of it.
  routed = hosted(await start(`${monitors}${pool(address)}${ROUTE}${ACCESS}`));
  for (const [worker, below] of [
    [open, ""],
    [closed, ""],
    [routed, OWN],
  ])
    await until("all pass", async (see) => {
      const answer = await worker.get(`${below}/health/veiled`, bearer(reader.token));
      return see((await answer.json()).status) === "pass";
    });
});
after(async () => {
  await chrome?.close();
  await Promise.all([open, closed, routed].map((worker) => worker?.stop()));
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
      const form = path === "/" && error.source.endsWith("$");
      assert.equal(answer.headers.get("content-type"), form ? "text/html; charset=utf-8" : "application/problem+json");
      assert.equal(answer.headers.get("access-control-allow-origin"), null);
      assert.doesNotMatch(await answer.text(), /shown|veiled|loud/);
    }
  }
  for (const path of ["/livez", "/readyz", "/style.css"]) assert.equal((await closed.get(path)).status, 200, path);
});

// Before the walk over the route table: that shows so many wrong tokens that this worker answers
// further ones with 429 for the rest of the minute.
test("a form of another site signs nobody in, and a long or foreign body is not read", async () => {
  const form = { "content-type": "application/x-www-form-urlencoded" };
  const post = (headers, body) => closed.get("/sign-in", { method: "POST", headers, body });
  const good = `token=${reader.token}`;
  for (const [headers, body, status] of [
    [{ ...form, origin: "https://evil.example" }, good, 403],
    [{ ...form, origin: "null" }, good, 403],
    [{ ...form, "sec-fetch-site": "cross-site", origin: closed.url }, good, 403],
    [{ ...form, "sec-fetch-site": "same-site" }, good, 403],
    [{ "content-type": "text/plain" }, good, 415],
    [form, `token=${"x".repeat(100_000)}`, 413],
    [form, `token=${stranger.token}`, 401],
    [form, "token=", 401],
    [form, `a=${reader.token}`, 401],
  ]) {
    const answer = await post(headers, body);
    assert.equal(answer.status, status, JSON.stringify(headers));
    assert.equal(answer.headers.get("set-cookie"), null);
  }
  const answer = await post({ ...form, origin: closed.url }, good);
  assert.deepEqual([answer.status, answer.headers.get("location")], [303, "./"]);
  const cookie = answer.headers.get("set-cookie");
  assert.match(cookie, /^vedette-local=\d+\.old\.[\w-]{43}; Path=\/; Max-Age=43200; HttpOnly; SameSite=Strict$/);
  const value = cookie.split(";")[0];
  const asked = (cookie) => closed.get("/", { headers: { cookie } });
  assert.equal((await asked(value)).status, 200);
  assert.equal((await asked(`a=b; ${value}`)).status, 200);
  const [until, name, mac] = value.split("=")[1].split(".");
  for (const forged of [
    `${Number(until) + 1}.${name}.${mac}`,
    `${until}.new.${mac}`,
    `${until}.ada.${mac}`,
    `${until}.${name}.${"A".repeat(43)}`,
    `${until}.${name}.${mac}.`,
    reader.token,
  ])
    assert.equal((await asked(`vedette-local=${forged}`)).status, 401, forged);
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
  assert.match(await (await open.get("/", bearer(reader.token))).text(), /veiled.*hushed|hushed.*veiled/s);
  assert.doesNotMatch(await open.text("/"), /veiled/);
  assert.match(await open.text("/"), /2 monitors\./);
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

/** What one request is answered, as far as it comes within a moment: streams have no end. */
async function told(worker, path, init) {
  const stop = new AbortController();
  const answer = await worker.get(path, { ...init, signal: stop.signal });
  const head = JSON.stringify([...answer.headers]);
  const type = answer.headers.get("content-type") ?? "";
  let body = "";
  if (type.startsWith("text/event-stream")) {
    const { value } = await answer.body.getReader().read();
    body = new TextDecoder().decode(value);
    stop.abort();
  } else body = await answer.text();
  return { status: answer.status, head, body };
}

/**
 * Whether all is asked of every worker in every way, as `npm run test:long` does. If not, what is
 * asked alternates: each third of it, another one for each worker.
 */
const WHOLE = Boolean(process.env.VEDETTE_WHOLE);

test("each row of the route table, by each method and for each caller, tells only readers of what is hidden", async () => {
  const rows = JSON.parse(readFileSync(join(root, "tests", "vectors", "rows.json"), "utf8"));
  assert.ok(rows.length > 10);
  const callers = {
    nobody: undefined,
    wrong: bearer(stranger.token),
    cookie: { headers: { cookie: "__Host-vedette=1.ada.x; vedette-local=9" } },
  };
  const readers = { reader: bearer(reader.token), writer: bearer(writer.token) };
  const queries = ["", "?verbose", "?format=text", "?wait=1s&revision=0"];
  const seen = { veiled: 0 };
  const walk = async (worker, below, turn) => {
    for (const { path } of rows)
      for (const name of ["shown", "veiled", "hushed", ...(worker === routed ? ["secluded"] : [])]) {
        const forged = `${name}.${name}.${"A".repeat(43)}`;
        const asked =
          below +
          path
            .replace("{pool}", name)
            .replace("{origin}", name)
            .replace("{token}", forged)
            .replace("{badge}", `${name}.svg`)
            .replace("{id}", `${name}-mkz3k0q8`);
        if (asked === below + path && name !== "shown") continue;
        for (const query of queries.filter((query) => !query.startsWith("?wait") || path.startsWith("/route")))
          for (const method of ["GET", "HEAD", "OPTIONS", "POST", "PUT", "DELETE"]) {
            // Of a method that does not read, no query is looked at.
            if (query !== "" && !["GET", "HEAD"].includes(method)) continue;
            turn += 1;
            if (!WHOLE && turn % 3 !== 0) continue;
            for (const [who, init] of Object.entries(callers)) {
              const { head, body } = await told(worker, asked + query, { ...init, method });
              assert.doesNotMatch(head + body, HIDDEN, `${method} ${asked + query} for ${who}`);
            }
            if (method !== "GET") continue;
            for (const [who, init] of Object.entries(readers)) {
              const { status, body } = await told(worker, asked + query, init);
              const may = who === "writer" || path !== "/v1/audit";
              assert.ok(![401, 403].includes(status) || path.startsWith("/route") || !may, `${asked + query} for ${who}: ${status}`);
              if (HIDDEN.test(body)) seen.veiled += 1;
            }
          }
      }
  };
  await Promise.all([walk(open, "", 0), walk(closed, "", 1), walk(routed, OWN, 2)]);
  assert.ok(seen.veiled > 20, "readers are told of it");
});

test("a forged heartbeat is answered alike, whether its job is hidden or does not exist", async () => {
  for (const method of ["GET", "HEAD", "POST", "PUT", "OPTIONS"]) {
    const [hidden, absent] = await Promise.all(
      ["hushed", "absent"].map((name) => told(open, `/v1/heartbeat/${name}.${name}.${"A".repeat(43)}`, { method })),
    );
    assert.deepEqual(hidden, absent, method);
  }
});

test("a person signs in on a closed page, sees what is hidden, and signs out, in Chromium", async () => {
  chrome = await browser();
  for (const worker of [closed, open]) {
    const context = await chrome.newContext();
    const shown = await page(context, worker.url);
    if (worker === open) await shown.getByRole("link", { name: "sign in" }).click();
    assert.doesNotMatch(await shown.content(), HIDDEN);
    await shown.getByLabel("Token").fill(reader.token);
    await shown.getByRole("button", { name: "Show everything" }).click();
    await shown.getByText("Signed in as old").waitFor();
    assert.match(await shown.content(), HIDDEN);
    const [cookie] = await context.cookies();
    assert.deepEqual([cookie.httpOnly, cookie.sameSite], [true, "Strict"]);
    await shown.getByRole("link", { name: "sign out" }).click();
    await shown.getByRole("button", { name: "Sign out" }).click();
    await shown.waitForLoadState();
    assert.doesNotMatch(await shown.content(), HIDDEN);
    assert.deepEqual(await context.cookies(), []);
    await context.close();
  }
});

test("whoever guesses is answered 429 in the end, and a good token is taken all the same", async () => {
  const guess = () => closed.get("/health", bearer(person("eve").token));
  const late = await until(
    "guesses are bounded",
    async () => {
      const answer = await guess();
      return answer.status === 429 && answer;
    },
    30_000,
  );
  assert.match(late.headers.get("retry-after"), /^\d+$/);
  assert.equal((await closed.get("/health", bearer(reader.token))).status, 200);
  assert.equal((await closed.get("/health")).status, 401);
});

test("no token and no hash of one is in the log", () => {
  const said = open.said() + closed.said();
  assert.match(said, /verdict_changed|vedette listens/);
  for (const { token, entry } of [reader, second, writer, stranger])
    for (const text of [token, token.slice(4), entry.split(":")[1]]) assert.ok(!said.includes(text));
});
