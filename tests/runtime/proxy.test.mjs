// Requests through a route, in the built worker: where they go, what is said on the way, what is
// refused, and what is answered when nobody else does.

import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import { answers, config, origin, startWorker, until } from "./lib.mjs";
import { HOST, route, through } from "./through.mjs";

// wrangler tells the worker its own scheme, Miniflare alone that of X-Forwarded-Proto.
const BUILD = { build: ".vedette/build-trap", laptop: true };

/**
 * An origin that passes its probes and says what it was asked, unless a test says what else it does
 * with what is no probe.
 */
async function echo(name) {
  const self = await origin((request, response) => {
    if (request.headers["vedette-vantage"]) return (self.probed ?? answers.ok)(request, response);
    self.seen.push(request);
    if (self.act) return self.act(request, response);
    const parts = [];
    request.on("data", (part) => parts.push(part));
    request.on("end", () => {
      const { method, url, headers } = request;
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify({ name, method, url, headers, body: Buffer.concat(parts).toString() }));
    });
  });
  self.seen = [];
  return self;
}

const passing = (worker, pool = "shop") =>
  until(`${pool} passes`, async (see) => see(await worker.json(`/health/${pool}`)).status === "pass", 30_000);

const said = (answer) => answer.headers["proxy-status"];
const broken = (request) => request.socket.destroy();
const hanging = () => {};
const status = (code) => (_, response) => response.writeHead(code).end("from the origin");

describe("a route to two origins", () => {
  let primary, standby, worker;

  before(async () => {
    [primary, standby] = [await echo("primary"), await echo("standby")];
    const pools = { shop: { primary: primary.port, standby: standby.port }, other: { only: standby.port } };
    const routes = route('timeout = "1s"\ndeadline = "3s"') + route("strip_prefix = true", { path: "/other", pool: "other" });
    worker = await startWorker(config(pools, { vantages: ["weur"] }) + routes, BUILD);
  });

  beforeEach(async () => {
    for (const one of [primary, standby]) {
      Object.assign(one, { act: undefined, seen: [], probed: undefined });
    }
    await passing(worker);
  });

  after(async () => {
    await worker?.stop();
    await Promise.all([primary, standby].map((one) => one?.stop()));
  });

  /** The answer of the primary, once no earlier failure of it is remembered. */
  const fromPrimary = () =>
    until(
      "the primary answers",
      async (see) => {
        const answer = see(await through(worker, "/"));
        return answer.status === 200 && JSON.parse(answer.text).name === "primary";
      },
      60_000,
    );

  test("a request goes to the first origin, with method, path, query, fields and body as they were", async () => {
    await fromPrimary();
    const headers = { cookie: "a=b", "x-own": "1", "content-type": "text/plain" };
    const answer = await through(worker, "/a%20b/c?d=%2F&e", { method: "POST", headers, body: "hello" });
    const asked = JSON.parse(answer.text);
    assert.deepEqual([asked.name, asked.method, asked.url, asked.body], ["primary", "POST", "/a%20b/c?d=%2F&e", "hello"]);
    for (const [name, value] of Object.entries(headers)) assert.equal(asked.headers[name], value, name);
    assert.match(said(answer), /^vedette; next-hop=primary; details="first by priority"$/);
    assert.match(answer.headers["server-timing"], /vedette;desc="primary";dur=\d+/);
    assert.match(answer.headers.via, /1\.1 vedette/);
  });

  test("the origin is told who asks, and nothing that the client says of it is believed, under a lease or not", async () => {
    await fromPrimary();
    const forged = {
      "x-forwarded-for": "6.6.6.6",
      "x-forwarded-host": "evil.example",
      "x-forwarded-proto": "https",
      "x-forwarded-port": "6",
      "x-forwarded-prefix": "/evil",
      "x-forwarded-server": "evil",
      "x-real-ip": "6.6.6.6",
      forwarded: "for=6.6.6.6",
      "proxy-connection": "x",
    };
    // The second one is forwarded without a lease: it has a trace of a form that the core looks at.
    for (const further of [{}, { traceparent: "00-junk" }]) {
      const { headers } = JSON.parse((await through(worker, "/", { headers: { ...forged, ...further } })).text);
      assert.equal(headers["x-forwarded-host"], HOST);
      assert.equal(headers["x-forwarded-proto"], "http");
      assert.match(headers["x-forwarded-for"], /^(127\.0\.0\.1|::1)$/);
      assert.match(headers.forwarded, /^for=("\[::1\]"|127\.0\.0\.1);host=shop\.localhost;proto=http$/);
      assert.match(headers.via, /^1\.1 vedette-[0-9a-f]{16}$/);
      assert.match(headers["cdn-loop"], /^vedette-[0-9a-f]{16}$/);
      assert.equal(headers.traceparent, undefined);
      for (const name of ["x-forwarded-port", "x-forwarded-prefix", "x-forwarded-server", "x-real-ip", "proxy-connection"]) {
        assert.equal(headers[name], undefined, name);
      }
      assert.doesNotMatch(JSON.stringify(headers), /6\.6\.6\.6|evil/);
    }
  });

  test("a trace is passed on, one that is none is taken off with its state, and none is begun", async () => {
    await fromPrimary();
    const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    const asked = async (headers) => {
      const seen = JSON.parse((await through(worker, "/", { headers })).text).headers;
      return [seen.traceparent, seen.tracestate];
    };
    assert.deepEqual(await asked({ traceparent, tracestate: "a=1" }), [traceparent, "a=1"]);
    const none = "00-00000000000000000000000000000000-b7ad6b7169203331-01";
    for (const headers of [{}, { traceparent: none, tracestate: "a=1" }, { tracestate: "a=1" }]) {
      assert.deepEqual(await asked(headers), [undefined, undefined], JSON.stringify(headers));
    }
  });

  test("the longest prefix counts, and may be left out", async () => {
    await passing(worker, "other");
    const asked = async (path) => JSON.parse((await through(worker, path)).text);
    for (let times = 0; times < 2; times += 1) {
      const other = await asked("/other/x?y");
      assert.deepEqual([other.name, other.url, other.headers["x-forwarded-prefix"]], ["standby", "/x?y", "/other"]);
      assert.equal((await asked("/other")).url, "/");
      assert.equal((await asked("/other?q")).url, "/?q");
      assert.equal((await asked("/others")).name, "primary");
    }
  });

  test("Vedette's own paths live under /.vedette on a host that is routed, and at the root elsewhere", async () => {
    assert.equal((await through(worker, "/.vedette/health/shop?format=text")).text, "pass\n");
    assert.equal(JSON.parse((await through(worker, "/health/shop")).text).url, "/health/shop");
    const page = await through(worker, "/.vedette/");
    assert.match(page.headers["content-type"], /text\/html/);
    const links = [...page.text.matchAll(/(?:href|src)="([^"]+)"/g)].map(([, link]) => link);
    assert.ok(links.length > 2, page.text);
    for (const link of links.filter((link) => !/^(https?:|#|data:)/.test(link))) {
      const { pathname, search } = new URL(link, `http://${HOST}/.vedette/`);
      const found = await through(worker, pathname + search);
      assert.ok(found.status < 400 && pathname.startsWith("/.vedette/"), `${link}: ${found.status} ${found.text.slice(0, 200)}`);
    }
    const bare = await through(worker, "/.vedette");
    assert.deepEqual([bare.status, bare.headers.location], [308, "/.vedette/"]);
    assert.equal((await through(worker, "/.vedettes")).status, 200);
    assert.equal((await worker.get("/health/shop")).status, 200);
  });

  for (const [how, act, why] of [
    ["breaks off", broken, /primary broke off/],
    ["hangs", hanging, /primary did not answer in time/],
    ["answers 503", status(503), /primary answered 503/],
  ]) {
    test(`a GET whose origin ${how} is answered by the next one`, async () => {
      await fromPrimary();
      primary.act = act;
      const answer = await through(worker, "/x");
      assert.equal(answer.status, 200, JSON.stringify(answer));
      assert.equal(JSON.parse(answer.text).name, "standby");
      assert.match(said(answer), why);
      assert.equal(primary.seen.at(-1).url, "/x");
    });
  }

  test("a POST with a body is sent once, and what came of it is said", async () => {
    await fromPrimary();
    for (const [act, wanted, error] of [
      [broken, 502, "connection_terminated"],
      [hanging, 504, "http_response_timeout"],
    ]) {
      primary.act = act;
      Object.assign(primary, { seen: [] });
      const answer = await through(worker, "/order", { method: "POST", body: "one please" });
      assert.equal(answer.status, wanted, JSON.stringify(answer));
      assert.match(answer.headers["content-type"], /problem\+json/);
      assert.match(answer.headers["retry-after"], /^\d+$/);
      assert.match(said(answer), new RegExp(`vedette; error=${error}; details="primary`));
      assert.deepEqual([primary.seen.length, standby.seen.filter(({ method }) => method === "POST").length], [1, 0]);
      primary.act = undefined;
      await fromPrimary();
    }
    primary.act = status(503);
    const answer = await through(worker, "/order", { method: "POST", body: "one please" });
    assert.deepEqual([answer.status, answer.text], [503, "from the origin"]);
  });

  test("an answer that is no fault of the origin is handed on, whatever it is", async () => {
    await fromPrimary();
    for (const code of [201, 301, 404, 418, 500]) {
      primary.act = status(code);
      const answer = await through(worker, "/x");
      assert.deepEqual([answer.status, answer.text], [code, "from the origin"]);
    }
    assert.equal(standby.seen.length, 0);
  });

  test("live failures eject an origin at once, and have the vantages look", async () => {
    await fromPrimary();
    primary.act = broken;
    for (let times = 0; times < 4; times += 1) assert.equal((await through(worker, "/x")).status, 200);
    const before = primary.seen.length;
    await through(worker, "/x");
    assert.equal(primary.seen.length, before, "the primary is not asked any more");
    await until("the log says so", (see) => see(worker.said()).includes('"event":"origin_ejected","origin":"shop/primary"'));
    const told = (await through(worker, "/.vedette/readyz?verbose")).text;
    assert.match(
      told,
      /^\[\+\]requests of this isolate for shop: \d+, sent again \d+, held back by the budget 0, not answered \d+, ejections [1-9]/m,
    );
    assert.match(told, /^\[-\]origin shop\/primary is ejected by live requests until 20/m);
    // Its probes pass, so its verdict does: no live request votes.
    assert.equal((await worker.json("/health/shop/primary")).status, "pass");
    primary.act = undefined;
    await fromPrimary();
  });

  test("an address that makes every origin fail ejects none", async () => {
    await fromPrimary();
    for (const one of [primary, standby])
      one.act = (request, response) => (request.url === "/crash" ? status(502) : status(200))(request, response);
    for (let times = 0; times < 6; times += 1) assert.equal((await through(worker, "/crash")).status, 502);
    const answer = await through(worker, "/fine");
    assert.match(said(answer), /next-hop=primary/);
  });

  test("a crash of ours lets a GET through to the first origin, and the next request is well", async () => {
    await fromPrimary();
    const forged = { "x-forwarded-for": "6.6.6.6", "x-forwarded-port": "6", forwarded: "for=6.6.6.6" };
    const answer = await through(worker, "/x?y", { headers: { "vedette-trap": "proxy", traceparent: "x", ...forged } });
    assert.equal(answer.status, 200, JSON.stringify(answer));
    assert.deepEqual([JSON.parse(answer.text).name, JSON.parse(answer.text).url], ["primary", "/x?y"]);
    assert.doesNotMatch(answer.text, /6\.6\.6\.6|"x-forwarded-port"/);
    assert.match(said(answer), /error=proxy_internal_error; details="let through to the first origin"/);
    const posted = await through(worker, "/x", { method: "POST", body: "b", headers: { "vedette-trap": "proxy", traceparent: "x" } });
    assert.equal(JSON.parse(posted.text).body, "b");
    assert.match(said(await through(worker, "/x")), /next-hop=primary/);
    const own = await through(worker, "/.vedette/health/shop?format=text");
    assert.equal(own.text, "pass\n");
  });
});
