// JWTs of Cloudflare Access, against the built worker in workerd and a key server of this machine:
// good ones open what they should, every forgery is refused with a reason, and nobody can make the
// worker ask for keys without end. No JWT is ever seen again.

import assert from "node:assert/strict";
import { createHmac, createSign, generateKeyPairSync, randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { answers, logs, origin, person, startWorker, until } from "./lib.mjs";

const folder = mkdtempSync(join(tmpdir(), "vedette-access-"));
const FIELD = "cf-access-jwt-assertion";
const AUDIENCE = randomBytes(32).toString("hex");
const seconds = () => Math.floor(Date.now() / 1000);

/** A key pair of Access, and how its document names it. */
const pair = (kid) => {
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  return { kid, privateKey, publicKey, jwk: { kid, use: "sig", alg: "RS256", ...publicKey.export({ format: "jwk" }) } };
};
const [first, second, foreign] = ["first", "second", "first"].map(pair);

const text = (value) => Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64url");
const seen = [];

/** A JWT with other members than the usual ones; all that are made are canaries. */
function jwt({ key = first, header = {}, body = {}, sign } = {}) {
  const usual = {
    iss: keys.issuer,
    aud: [AUDIENCE],
    email: "bob@example.com",
    sub: "1",
    iat: seconds(),
    nbf: seconds(),
    exp: seconds() + 600,
  };
  const head = text({ alg: "RS256", kid: key.kid, typ: "JWT", ...header });
  const signed = `${head}.${text({ ...usual, ...body, canary: randomBytes(8).toString("hex") })}`;
  const signature = sign ? sign(signed) : createSign("RSA-SHA256").update(signed).sign(key.privateKey).toString("base64url");
  if (signature) seen.push(signature);
  seen.push(signed);
  return `${signed}.${signature}`;
}
const field = (token) => ({ headers: { [FIELD]: token } });

const reader = person("rita");

/** The key server, which answers as it is told. */
const document = (...list) => JSON.stringify({ keys: list, public_cert: { kid: "first", cert: "PEM" }, public_certs: [] });
// The platform throws at these: no RSA has such a modulus.
const odd = ["zero", "even"].map((kid, n) => ({ ...first.jwk, kid, n: Buffer.alloc(256, n && 0xfe).toString("base64url") }));
const good = (_, response) => response.end(document(first.jwk, ...odd, second.jwk));

const monitors = (address) =>
  `[defaults]\ninterval = "1s"\nfast_interval = "1s"\ntimeout = "500ms"\nvantages = ["weur"]\n` +
  `[[monitor]]\nname = "shown"\nurl = "${address}"\n[[monitor]]\nname = "veiled"\nurl = "${address}"\npublic = false\n`;

let site, keys, hostile, worker, lone;
before(async () => {
  [site, keys, hostile] = await Promise.all([origin(answers.ok), origin(good), origin(good)]);
  for (const server of [keys, hostile]) server.issuer = `http://127.0.0.1:${server.port}`;
  const file = join(folder, "secrets");
  writeFileSync(file, `READ=${reader.entry}\n`);
  const access = (server, more) =>
    `${monitors(`http://127.0.0.1:${site.port}`)}[access]\njwt_issuer = "${server.issuer}"\njwt_audience = "${AUDIENCE}"\n${more}`;
  const start = (text) => startWorker(text, { env: { VEDETTE_SECRETS: file } });
  worker = await start(access(keys, 'jwt_admins = ["ada@example.com"]\nread_tokens = "READ"\n'));
  lone = await start(access(hostile, 'page = "read"\n'));
});
after(async () => {
  await Promise.all([worker?.stop(), lone?.stop()]);
  await Promise.all([site, keys, hostile].map((server) => server?.stop()));
  rmSync(folder, { recursive: true, force: true });
});

test("whoever Access lets in reads everything, and who is listed writes in his own name", async () => {
  assert.equal((await worker.get("/health/veiled")).status, 404);
  assert.equal((await worker.get("/metrics")).status, 401);
  for (const key of [first, second]) {
    for (const path of ["/health/veiled", "/metrics", "/readyz?verbose", "/v1/pools"]) {
      const answer = await worker.get(path, field(jwt({ key })));
      assert.ok([200, 503].includes(answer.status) && answer.headers.get("cache-control") === "no-store", `${path}: ${answer.status}`);
    }
  }
  assert.match(await (await worker.get("/", field(jwt()))).text(), /veiled.*Signed in as bob@example\.com/s);
  assert.equal(keys.requests.length, 1, "keys are asked for once");
  assert.equal(keys.requests[0].path, "/cdn-cgi/access/certs");

  const put = (token, headers = {}) =>
    worker.get("/v1/announcement", {
      method: "PUT",
      body: '{"title":"Moved"}',
      headers: { [FIELD]: token, "content-type": "application/json", ...headers },
    });
  assert.equal((await put(jwt())).status, 403, "who is not listed only reads");
  const ada = jwt({ body: { email: "Ada@example.com" } });
  assert.equal((await put(ada, { origin: "https://evil.example" })).status, 403, "a page of another site writes nothing");
  assert.equal((await put(ada, { "sec-fetch-site": "cross-site" })).status, 403);
  assert.equal((await put(ada)).status, 200);
  const log = await (await worker.get("/v1/audit", field(ada))).json();
  assert.deepEqual(
    log.map(({ who, after }) => [who, after.title]),
    [["Ada@example.com", "Moved"]],
  );
});

test("a cookie of Access reads and never writes, and one that is over locks nobody out", async () => {
  const cookie = (token) => ({ headers: { cookie: `a=b; CF_Authorization=${token}` } });
  assert.equal((await worker.get("/health/veiled", cookie(jwt()))).status !== 404, true);
  const ada = cookie(jwt({ body: { email: "ada@example.com" } }));
  for (const method of ["PUT", "DELETE"])
    assert.equal((await worker.get("/v1/announcement", { method, body: "{}", ...ada })).status, 403, "it only reads");
  const over = await worker.get("/", cookie(jwt({ body: { exp: seconds() - 60 } })));
  assert.deepEqual([over.status, /veiled/.test(await over.text())], [200, false]);
  assert.equal((await worker.get("/metrics", cookie(jwt({ key: foreign })))).status, 401);
});

test("a token counts before a JWT, and an answer for one asker is given to no other", async () => {
  const both = (token, shown) => ({ headers: { authorization: `Bearer ${token}`, [FIELD]: shown } });
  assert.equal((await worker.get("/metrics", both(reader.token, "a.b.c"))).status, 200);
  assert.equal((await worker.get("/metrics", both(person("eve").token, jwt()))).status, 401);
  for (let round = 0; round < 10; round += 1) {
    assert.doesNotMatch(await worker.text("/health"), /veiled/);
    assert.match(await (await worker.get("/health", field(jwt()))).text(), /veiled/);
  }
  assert.match((await worker.get("/health")).headers.get("vary"), /cf-access-jwt-assertion/);
});

test("every forgery is refused with a reason, and none of it is repeated", async () => {
  const pem = first.publicKey.export({ type: "spki", format: "pem" });
  const hmac = (signed) => createHmac("sha256", pem).update(signed).digest("base64url");
  const [head, body, signature] = jwt().split(".");
  const wide = jwt({ body: { more: "x".repeat(8_192) } });
  const twice = jwt();
  for (const [why, token, said] of [
    ["alg none", jwt({ header: { alg: "none" }, sign: () => "" }), /another alg/],
    ["HS256 with the public key", jwt({ header: { alg: "HS256" }, sign: hmac }), /another alg/],
    ["RS256 that is an HMAC", jwt({ sign: hmac }), /signature that its key did not make/],
    ["another key of the same name", jwt({ key: foreign }), /signature that its key did not make/],
    ["the other key of Access", jwt({ key: { ...second, kid: "first" } }), /signature that its key did not make/],
    [
      "another body",
      `${head}.${text({ ...JSON.parse(Buffer.from(body, "base64url")), email: "ada@example.com" })}.${signature}`,
      /signature/,
    ],
    ["a key of zeros", jwt({ key: { ...first, kid: "zero" } }), /signature that its key did not make/],
    ["a key that is even", jwt({ key: { ...first, kid: "even" } }), /signature that its key did not make/],
    ["half a signature", `${head}.${body}.${signature.slice(0, 100)}`, /signature/],
    ["another audience", jwt({ body: { aud: ["other"] } }), /jwt_audience/],
    ["no audience", jwt({ body: { aud: [] } }), /jwt_audience/],
    ["another issuer", jwt({ body: { iss: "https://evil.example" } }), /jwt_issuer/],
    ["expired", jwt({ body: { exp: seconds() - 31 } }), /expired/],
    ["not yet valid", jwt({ body: { nbf: seconds() + 60 } }), /future/],
    ["made in the future", jwt({ body: { iat: seconds() + 60 } }), /future/],
    ["three empty parts", "..", /three parts/],
    ["nothing at all", "a", /three parts/],
    ["padding", `${head}=.${body}.${signature}`, /three parts/],
    ["a padded signature", `${head}.${body}.${signature}==`, /three parts/],
    ["two of them", `${twice}, ${twice}`, /three parts/],
    ["too long", wide, /longer than 8192 bytes/],
    ["nobody", jwt({ body: { email: null, sub: "" } }), /names nobody/],
    [
      "a member twice",
      `${head}.${text(`{"aud":"${AUDIENCE}",${Buffer.from(body, "base64url").toString().slice(1)}`)}.${signature}`,
      /three parts/,
    ],
    ["an extension", jwt({ header: { crit: ["b64"], b64: false } }), /another alg/],
  ]) {
    const answer = await worker.get("/health", field(token));
    const told = await answer.text();
    assert.deepEqual([answer.status, answer.headers.get("content-type")], [401, "application/problem+json"], `${why}: ${told}`);
    assert.match(told, /token-unknown/, why);
    assert.match(told, said, why);
    assert.doesNotMatch(told, /veiled|shown/, why);
    for (const part of token.split(".").filter((part) => part.length > 8)) assert.ok(!told.includes(part), why);
  }
  assert.equal(keys.requests.length, 1, "nobody had keys fetched by that");
});

test("made-up names of keys have keys asked for once, and guesses are bounded", async () => {
  const before = keys.requests.length;
  const asked = await Promise.all(
    Array.from({ length: 100 }, (_, n) => worker.get("/health", field(jwt({ key: { ...foreign, kid: `made-up-${n}` } })))),
  );
  const codes = new Set(asked.map(({ status }) => status));
  assert.ok([...codes].every((code) => code === 401 || code === 429) && codes.has(429), [...codes].join());
  assert.ok(keys.requests.length <= before + 1, `asked ${keys.requests.length - before} times`);
  assert.equal((await worker.get("/health/veiled", field(jwt()))).status !== 429, true, "a good one is taken");
});

test("as long as no keys are to be had nobody is let in, and it is said why", async () => {
  const mine = () => field(jwt({ body: { iss: hostile.issuer } }));
  const big = { ...first.jwk, n: randomBytes(10_240).toString("base64url") };
  for (const [answer, why] of [
    [() => {}, /no whole answer in 5s/],
    [
      (_, response) => response.end(document(...Array.from({ length: 300 }, () => first.jwk)) + " ".repeat(1_000_000)),
      /longer than 64 KiB/,
    ],
    [(_, response) => response.end(document(big)), /none of the keys/],
  ]) {
    hostile.answer = answer;
    const told = await until(
      String(why),
      async (see) => {
        const answer = await lone.get("/", mine());
        assert.equal(answer.status, 503);
        const text = see(await answer.text());
        return why.test(text) && text;
      },
      30_000,
    );
    assert.match(told, /tokens-not-verifiable/);
    assert.doesNotMatch(told, /wrangler|127\.0\.0\.1/);
    assert.equal((await lone.get("/")).status, 401, "nor is anybody let in without one");
  }
  await logs(lone, /"event":"keys_not_fetched"/);
  hostile.answer = good;
  await until("the keys are there", async (see) => see((await lone.get("/", mine())).status) === 200, 30_000);
  hostile.answer = (_, response) => response.writeHead(500).end();
  assert.equal((await lone.get("/", mine())).status, 200, "known keys stay");
  assert.equal((await lone.get("/sign-in")).status, 404, "there is no token to sign in with");
});

test("no JWT, no part of one and no signature is in the log", () => {
  const said = worker.said() + lone.said();
  assert.match(said, /token_refused/);
  assert.ok(seen.length > 100);
  for (const text of seen) assert.ok(!said.includes(text.slice(-40)));
});
