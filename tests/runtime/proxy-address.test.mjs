// Where a request goes and what is said on the way there and back: addresses that two readers take
// for different ones, hosts that are none, and answers that name the origin. In plain workerd, with
// clients that write bytes.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { configured, serveVedette, shop } from "../../scripts/bench/plain.mjs";
import { until } from "./lib.mjs";
import { HOST, rawly, route, through } from "./through.mjs";

let server, worker, act, port;
const seen = [];
const echo = (request, response) => response.end(JSON.stringify({ url: request.url, headers: request.headers }));

before(async () => {
  server = createServer((request, response) => {
    if (request.headers["vedette-vantage"]) return response.end('{"ok":true}');
    seen.push(request.url);
    (act ?? echo)(request, response);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  port = server.address().port;
  const routes = route("", { path: "/" }) + route("strip_prefix = true", { path: "/only" });
  worker = await serveVedette(configured(shop([port, 1]) + routes));
  worker.port = Number(new URL(worker.url).port);
  await until("the pool passes", async (see) => see(await (await worker.get("/health/shop/primary")).json()).status === "pass", 60_000);
});

after(async () => {
  await worker?.stop();
  server?.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

/** The status of the answer to these bytes, and all of it. */
async function raw(lines) {
  const bytes = Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1");
  const said = await rawly(worker.port, bytes, (said) => /\r\n\r\n[\s\S]*(\}|\n|0\r\n\r\n)$/.test(said));
  return {
    status: Number(said.match(/^HTTP\/1\.1 (\d+)/)?.[1]),
    said,
    asked: said.match(/\{"url".*\}/) && JSON.parse(said.match(/\{"url".*\}/)[0]),
  };
}

const get = (target, host = HOST, ...further) => raw([`GET ${target} HTTP/1.1`, `Host: ${host}`, "Connection: close", ...further]);

/** Twice: the first may be carried by the core, and the second under its lease. */
const twice = async (work) => {
  for (let times = 0; times < 2; times += 1) await work();
};

test("an escaped separator beside dots does not leave the route, in whatever case or nesting", async () => {
  for (const target of [
    "/only/..%2fadmin",
    "/only/..%2Fadmin",
    "/only/%2e%2e%2fadmin",
    "/only/..%5Cadmin",
    "/only/x%2f..%2f..%2fadmin",
    "/only/..%252fadmin",
    "/only/..%25252fadmin",
    "/only/..;/admin",
  ]) {
    await twice(async () => {
      const before = seen.length;
      const { status, said } = await get(target);
      assert.equal(status, 400, `${target}: ${said}`);
      assert.equal(seen.length, before, target);
    });
  }
  await twice(async () => assert.equal((await get("/only/a%2fb?next=..%2f")).asked.url, "/a%2fb?next=..%2f"));
});

test("an escaped letter is the letter", async () => {
  for (const target of ["/%6fnly/x", "/%6F%6Ely/x", "/only/x"]) {
    await twice(async () => {
      const { asked } = await get(target);
      assert.deepEqual([asked.url, asked.headers["x-forwarded-prefix"]], ["/x", "/only"], target);
    });
  }
  const { said } = await get("/%2Evedette/health/shop?format=text");
  assert.match(said, /\r\n\r\npass\n|^HTTP\/1\.1 200/);
  assert.doesNotMatch(said, /"url"/);
});

test("a host that is none, or more than one, is refused before it decides", async () => {
  for (const host of [
    `${HOST}, evil.example`,
    `evil.example, ${HOST}`,
    `user@${HOST}`,
    `user:pass@${HOST}`,
    `${HOST}?x`,
    `${HOST}#x`,
    `${HOST}/only`,
    `shop..localhost`,
    `.${HOST}`,
    `${HOST}:99999`,
    `${HOST}:x`,
    `${HOST}:80:80`,
    `${HOST}\\x`,
    `a b`,
    "[::1",
    "*",
  ]) {
    await twice(async () => {
      const before = seen.length;
      const { status, said } = await get("/x", host);
      assert.equal(status, 400, `${host}: ${said}`);
      assert.equal(seen.length, before, host);
    });
  }
  const { status, said } = await raw(["GET /x HTTP/1.1", `Host: ${HOST}`, "Host: evil.example", "Connection: close"]);
  assert.equal(status, 400, said);
});

test("what is handed on is the host that was matched", async () => {
  for (const [host, matched] of [
    [HOST, HOST],
    ["SHOP.LocalHost", HOST],
    [`${HOST}.`, HOST],
    [`${HOST}.:8080`, `${HOST}:8080`],
    [`${HOST}:`, HOST],
  ]) {
    await twice(async () => {
      const { asked, said } = await get("/x", host);
      assert.equal(asked?.headers["x-forwarded-host"], matched, said);
      assert.match(asked.headers.forwarded, matched.includes(":") ? /host="shop\.localhost:8080";/ : /host=shop\.localhost;/);
    });
  }
});

test("fields with underscores that some servers take for ours are dropped, under a lease or not", async () => {
  await twice(async () => {
    const { asked } = await get(
      "/x",
      HOST,
      "X_Forwarded_For: 6.6.6.6",
      "X_Forwarded-Host: evil",
      "X_Real_IP: 6.6.6.6",
      "CF_Connecting_IP: 6.6.6.6",
      "Content_Length: 66",
      "Api_Key: mine",
    );
    assert.doesNotMatch(JSON.stringify(asked.headers), /6\.6\.6\.6|evil/);
    assert.ok(!("content_length" in asked.headers));
    assert.equal(asked.headers.api_key, "mine");
  });
});

test("what a client writes of its own address is quoted, under a lease or not", async () => {
  await twice(async () => {
    const { asked } = await get("/x", HOST, 'CF-Connecting-IP: 6.6.6.6;host=evil, for="x"');
    assert.match(asked.headers.forwarded, /^for="6\.6\.6\.6;host=evil, for=x";host=shop\.localhost;proto=http$/);
    assert.equal(asked.headers["x-forwarded-for"], undefined);
    const plain = await get("/x", HOST, "CF-Connecting-IP: 2001:db8::1");
    assert.deepEqual(
      [plain.asked.headers["x-forwarded-for"], plain.asked.headers.forwarded],
      ["2001:db8::1", 'for="[2001:db8::1]";host=shop.localhost;proto=http'],
    );
  });
});

test("no trace is begun, and what is no trace is removed", async () => {
  const trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  await twice(async () => {
    const none = (await get("/x")).asked.headers;
    assert.deepEqual([none.traceparent, none.tracestate], [undefined, undefined]);
    const whole = (await get("/x", HOST, `traceparent: ${trace}`, "tracestate: a=b")).asked.headers;
    assert.deepEqual([whole.traceparent, whole.tracestate], [trace, "a=b"]);
    for (const fields of [
      ["tracestate: a=b"],
      ["traceparent: 00-junk", "tracestate: a=b"],
      [`traceparent: ${trace.replace("0af7651916cd43dd8448eb211c80319c", "0".repeat(32))}`, "tracestate: a=b"],
    ]) {
      const { headers } = (await get("/x", HOST, ...fields)).asked;
      assert.deepEqual([headers.traceparent, headers.tracestate], [undefined, undefined], fields.join());
    }
  });
});

test("what names the origin's own address names the public one, under a lease or not", async () => {
  const own = `http://127.0.0.1:${port}`;
  const asked = async (path, status, fields) => {
    act = (_, response) => response.writeHead(status, fields).end();
    try {
      return await through(worker, path);
    } finally {
      act = undefined;
    }
  };
  await twice(async () => {
    for (const [path, status, location, wanted] of [
      ["/items", 307, `${own}/items/?q`, `http://${HOST}/items/?q`],
      ["/items", 201, `${own}/items/7`, `http://${HOST}/items/7`],
      ["/only/items", 307, `${own}/items/`, `http://${HOST}/only/items/`],
      ["/only/items", 302, "/login", "/only/login"],
      ["/items", 302, "/login", "/login"],
      ["/items", 302, "https://elsewhere.example/", "https://elsewhere.example/"],
      ["/items", 200, `${own}/items/7`, `${own}/items/7`],
    ]) {
      const answer = await asked(path, status, { location });
      assert.deepEqual([answer.status, answer.headers.location], [status, wanted], `${path} ${status} ${location}`);
    }
    const page = await asked("/only/x", 200, {
      "content-location": `${own}/x.en`,
      refresh: `3; url=${own}/y`,
      "set-cookie": ["a=b; Domain=127.0.0.1; Path=/", "c=d; Path=/"],
    });
    assert.equal(page.headers["content-location"], `http://${HOST}/only/x.en`);
    assert.equal(page.headers.refresh, `3; url=http://${HOST}/only/y`);
    assert.deepEqual(page.headers["set-cookie"], [`a=b; Domain=${HOST}; Path=/`, "c=d; Path=/"]);
  });
});
