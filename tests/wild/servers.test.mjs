// Real Python servers behind a route: what arrives of a request, what comes back, and on whom it is
// booked when it breaks. Where a server could not tell the difference, the test first shows without
// Vedette that it can.

import assert from "node:assert/strict";
import { connect } from "node:net";
import { after, before, describe, test } from "node:test";
import { configured, serveVedette } from "../../scripts/bench/plain.mjs";
import { freePort } from "../../scripts/lib/ports.mjs";
import { below } from "../../scripts/lib/run.mjs";
import { realServers } from "../../scripts/lib/python.mjs";
import { program, startWorker, until } from "../runtime/lib.mjs";
import { HOST, rawly, route, through, upload } from "../runtime/through.mjs";

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const cwd = below("tests", "wild");
const servers = {};
let worker;

/** Starts a server on a port of its own, and waits until it answers. */
async function server(name, args, env = {}) {
  const port = await freePort();
  const child = program(realServers.python, args(String(port)), { cwd, env: { ...process.env, ...env } });
  servers[name] = { port, child, stop: () => child.stop() };
  const get = (path) => fetch(`http://127.0.0.1:${port}${path}`, { redirect: "manual" });
  await until(
    `${name} answers`,
    async (see) => {
      see(child.said.slice(-1000));
      return (await get("/health")).ok;
    },
    60_000,
  );
  return Object.assign(servers[name], {
    get,
    told: async () => (await get("/told")).json(),
    control: (how) => fetch(`http://127.0.0.1:${port}/control/${how}`, { method: "PUT" }),
  });
}

const fastapi = (name) => server(name, (port) => ["-m", "uvicorn", "app:app", "--port", port, "--log-level", "error"], { NAME: name });

const origin = (name, at) => `[[pool.origin]]\nname = "${name}"\nurl = "http://127.0.0.1:${servers[name].port}"\npriority = ${at}\n`;

/** The configuration of the two servers with FastAPI. */
const shopOf = () => `
[defaults]
interval = "1s"
fast_interval = "1s"
timeout = "900ms"
fall = 2
rise = 2
vantages = ["weur"]
[[pool]]
name = "shop"
probe = { path = "/health" }
${origin("primary", 0)}${origin("standby", 1)}`;

before(async () => {
  await realServers.bring();
  await Promise.all([fastapi("primary"), fastapi("standby"), server("wsgi", (port) => ["environ.py", port])]);
  const text = `${shopOf()}
[[pool]]
name = "old"
probe = { path = "/health" }
${origin("wsgi", 0)}`;
  const routes =
    route('timeout = "2s"') + route('timeout = "2s"\nstrip_prefix = true', { path: "/shop" }) + route("", { path: "/old", pool: "old" });
  worker = await serveVedette(configured(text + routes));
  worker.port = Number(new URL(worker.url).port);
  await until(
    "both pools pass",
    async (see) => {
      const words = ["shop", "old"].map(async (pool) => (await worker.get(`/health/${pool}?format=word`)).text());
      return see(await Promise.all(words)).every((word) => word === "pass");
    },
    60_000,
  );
});

after(async () => {
  await worker?.stop();
  await Promise.all(Object.values(servers).map((one) => one.stop()));
});

const ejections = async () => Number((await (await worker.get("/readyz?verbose")).text()).match(/ejections (\d+)/)?.[1] ?? 0);

/**
 * A test and its neighbour: the first request may be carried by the core, and the second under its
 * lease.
 */
const twice = async (work) => {
  for (let times = 0; times < 2; times += 1) await work();
};

describe("FastAPI's redirect to the path with a slash", () => {
  for (const [path, wanted] of [
    ["/items?q=1", "/items/?q=1"],
    ["/shop/items?q=1", "/shop/items/?q=1"],
  ]) {
    for (const method of ["GET", "POST"]) {
      test(`${method} ${path} leads to the public address, and from there to the answer`, async () => {
        await twice(async () => {
          const answer = await through(worker, path, { method, body: method === "POST" ? "x" : undefined });
          assert.deepEqual([answer.status, answer.headers.location], [307, `http://${HOST}${wanted}`]);
          const followed = await through(worker, wanted, { method, body: method === "POST" ? "x" : undefined });
          assert.deepEqual(JSON.parse(followed.text), { method, query: "q=1" });
        });
      });
    }
  }

  test("without Vedette it names the server itself", async () => {
    const { headers } = await servers.primary.get("/items");
    assert.equal(headers.get("location"), `http://127.0.0.1:${servers.primary.port}/items/`);
  });
});

describe("wsgiref, which reads underscores and dashes as one", () => {
  const forged = ["X_Forwarded_For: 6.6.6.6", "X_Forwarded-Host: evil.example", "X_Real_IP: 6.6.6.6", "Forwarded_: x", "Api_Key: mine"];
  const ask = async (port, path) => {
    const said = await rawly(port, `GET ${path} HTTP/1.1\r\nHost: ${HOST}\r\nConnection: close\r\n${forged.join("\r\n")}\r\n\r\n`);
    return JSON.parse(said.match(/\{.*\}/)[0]);
  };

  test("without Vedette it takes what the client wrote for what a proxy says", async () => {
    assert.equal((await ask(servers.wsgi.port, "/")).HTTP_X_FORWARDED_FOR, "6.6.6.6");
  });

  test("behind it only what is true arrives, and other fields as they were", async () => {
    await twice(async () => {
      const environ = await ask(worker.port, "/old/x");
      assert.doesNotMatch(JSON.stringify(environ), /6\.6\.6\.6|evil/);
      assert.deepEqual([environ.HTTP_X_FORWARDED_HOST, environ.HTTP_X_FORWARDED_PROTO, environ.HTTP_API_KEY], [HOST, "http", "mine"]);
    });
  });
});

describe("OpenTelemetry's instrumentation, with its default sampler", () => {
  const trace = (flag) => ({ traceparent: `00-${TRACE}-b7ad6b7169203331-${flag}`, tracestate: "a=b" });
  const kinds = {
    "without a trace": {},
    "in a trace that is recorded": trace("01"),
    "in one that is not": trace("00"),
    "with a state alone": { tracestate: "a=b" },
    "with no valid trace": { traceparent: "00-x-y-00" },
  };

  for (const [what, headers] of Object.entries(kinds)) {
    test(`three requests ${what} record as many spans as directly`, async () => {
      const recorded = async (ask) => {
        const before = (await servers.primary.told()).traces.length;
        for (let times = 0; times < 3; times += 1) assert.equal((await ask()).status, 200);
        const more = (await servers.primary.told()).traces.slice(before);
        return { count: more.length, joined: more.filter((id) => id === TRACE).length };
      };
      const directly = await recorded(() => fetch(`http://127.0.0.1:${servers.primary.port}/items/`, { headers }));
      const behind = await recorded(() => through(worker, "/items/", { headers }));
      assert.deepEqual(behind, directly);
      assert.equal(directly.count, what === "in one that is not" ? 0 : 3);
    });
  }
});

describe("an upload to FastAPI", () => {
  const heads = { chunked: "Transfer-Encoding: chunked", length: "Content-Length: 1000000" };
  const bytes = { chunked: "10\r\n0123456789abcdef\r\n", length: "x".repeat(500_000) };
  const leaves = {
    closes: (socket) => socket.destroy(),
    resets: (socket) => socket.resetAndDestroy(),
    "half-closes": (socket) => socket.end(),
  };

  for (const coding of Object.keys(heads)) {
    for (const [how, leave] of Object.entries(leaves)) {
      test(`${coding}: of a client that ${how} it is torn, nothing is saved, and nobody is blamed`, async () => {
        const [before, ejected] = [await servers.primary.told(), await ejections()];
        for (let times = 0; times < 3; times += 1) {
          const socket = connect(worker.port, "127.0.0.1");
          socket.on("error", () => {});
          socket.write(`PUT /save HTTP/1.1\r\nHost: ${HOST}\r\n${heads[coding]}\r\n\r\n${bytes[coding]}`);
          await until("the application reads it", async (see) => see(await servers.primary.told()).begun === before.begun + times + 1);
          leave(socket);
          await until(
            "the application sees it break",
            async (see) => see(await servers.primary.told()).torn.length === before.torn.length + times + 1,
          );
          socket.destroy();
        }
        assert.deepEqual((await servers.primary.told()).saved, before.saved);
        assert.equal(await ejections(), ejected);
        assert.equal((await through(worker, "/items/")).headers["x-name"], "primary");
      });
    }
  }

  test("whole ones are saved, in chunks and with a length", async () => {
    const before = (await servers.primary.told()).saved.length;
    for (const [head, body] of [
      ["Transfer-Encoding: chunked", "5\r\nhello\r\n0\r\n\r\n"],
      ["Content-Length: 5", "hello"],
    ]) {
      assert.match(
        await rawly(worker.port, `POST /save HTTP/1.1\r\nHost: ${HOST}\r\nConnection: close\r\n${head}\r\n\r\n${body}`),
        /"saved":5/,
      );
    }
    assert.deepEqual((await servers.primary.told()).saved.slice(before), [5, 5]);
  });

  test("one that is refused from its header ejects nobody, however often", async () => {
    const ejected = await ejections();
    for (let times = 0; times < 20; times += 1) {
      const answer = await upload(worker.port, "/refuse", 4_000_000);
      // The answer may be lost, where the connection is reset.
      assert.ok(answer === undefined || [413, 502].includes(answer.status), answer?.head);
    }
    assert.equal(await ejections(), ejected);
    assert.equal((await through(worker, "/items/")).headers["x-name"], "primary");
  });
});

test("an answer that uvicorn tears does not become the copy, which is given whole and as it came in the outage", async () => {
  // Plain workerd has no cache.
  const other = await startWorker(shopOf() + route('timeout = "2s"\nstale_if_error = "1h"'));
  after(() => other.stop());
  const gzip = { "accept-encoding": "gzip" };
  await until("the pool passes", async (see) => see(await other.text("/health/shop?format=word")) === "pass");
  assert.equal((await through(other, "/page")).text, "a".repeat(1000));
  const packed = (await through(other, "/packed", { headers: gzip })).body;
  await servers.primary.control("torn");
  // Nobody is kept from storing anew: whatever is stored for the first time would be the torn one.
  for (let times = 0; times < 3; times += 1) assert.equal((await through(other, "/page?torn")).error, "broken off");
  await Promise.all([servers.primary.stop(), servers.standby.stop()]);
  const copy = await until("a copy stands in", async (see) => {
    const answer = await through(other, "/page");
    see(answer.status);
    return answer.headers?.["cache-status"] && answer;
  });
  assert.deepEqual([copy.status, copy.text, copy.headers.vary], [200, "a".repeat(1000), "accept-encoding"]);
  assert.ok([502, 503].includes((await through(other, "/page?torn")).status), "there is none");
  const again = await through(other, "/packed", { headers: gzip });
  assert.deepEqual([again.status, again.headers["content-encoding"], again.body.equals(packed)], [200, "gzip", true]);
  const head = await through(other, "/page", { method: "HEAD" });
  assert.deepEqual([head.status, head.headers["content-length"]], [200, "1000"]);
});
