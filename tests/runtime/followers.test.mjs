// What stands in examples/followers, for real: HAProxy and nginx move traffic as Vedette says, and
// back; the script for DNS says what it would send, and acts on nothing that is no signal.

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { freePort } from "../../scripts/lib/ports.mjs";
import * as debian from "../../scripts/lib/debian.mjs";
import { config, finished, origin, program, root, startWorker, until } from "./lib.mjs";

const examples = join(root, "examples", "followers");
const example = (name) => readFileSync(join(examples, name), "utf8");

let primary, standby, worker, folder;
const running = [];

/** An origin that says its name, and that it is well. */
const named = (name) => (request, response) => response.end(request.url === "/health" ? '{"ok":true}' : name);
/** One that says its name and is not well: who looks at it alone sees nothing wrong. */
const unwell = (name) => (request, response) => response.end(request.url === "/health" ? "no" : name);

before(async () => {
  folder = mkdtempSync(join(tmpdir(), "vedette-followers-"));
  primary = await origin(named("primary"));
  standby = await origin(named("standby"));
  worker = await startWorker(config({ shop: { primary: primary.port, standby: standby.port } }));
  await until("the primary passes", async (see) => see(await worker.json("/route/shop")).status === "pass");
});

after(async () => {
  for (const child of running.reverse()) await child.stop();
  await worker?.stop();
  await primary?.stop();
  await standby?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Starts a program that the end of the tests ends. */
function run(command, args, options) {
  const child = program(command, args, options);
  running.push(child);
  return child;
}

const servedBy = (url, name, child) =>
  until(
    `${name} serves`,
    async (see) => {
      see(child.said.slice(-500));
      const answer = await fetch(url, { signal: AbortSignal.timeout(2000) });
      return see(await answer.text()) === name;
    },
    30_000,
  );

/** Traffic through `url` follows the signal to the standby, and back. */
async function follows(url, child) {
  await servedBy(url, "primary", child);
  primary.answer = unwell("primary");
  await servedBy(url, "standby", child);
  primary.answer = named("primary");
  await servedBy(url, "primary", child);
}

const follow = join(examples, "follow.sh");

/** The script writes its file for the first time. */
async function once(script) {
  const { code, said } = await finished("sh", [follow, "--once", ...script]);
  assert.equal(code, 0, said);
}

let haproxy;

test("HAProxy follows the verdicts on its servers", async () => {
  const port = await freePort();
  const address = (origin) => `127.0.0.1:${origin.port}`;
  const env = {
    LISTEN: `127.0.0.1:${port}`,
    VEDETTE_HOST: "127.0.0.1",
    VEDETTE_PORT: String(worker.port),
    PRIMARY: address(primary),
    STANDBY: address(standby),
  };
  const child = run(debian.haproxy.program, ["-db", "-f", join(examples, "haproxy-verdicts.cfg")], {
    env: { ...debian.haproxy.env, ...env },
  });
  haproxy = { url: `http://127.0.0.1:${port}/`, child };
  await follows(haproxy.url, child);
  const strangers = primary.requests.filter(({ path, vantage }) => path === "/health" && !vantage);
  assert.deepEqual(strangers, [], "HAProxy itself asks the origin for nothing");
});

test("HAProxy follows the signal by a map, which a script keeps", async () => {
  const port = await freePort();
  const map = join(folder, "vedette.map");
  const address = (origin) => `127.0.0.1:${origin.port}`;
  const env = { LISTEN: `127.0.0.1:${port}`, MAP: map, PRIMARY: address(primary), STANDBY: address(standby) };
  const script = [worker.url, "shop", map, "shop {origin}"];
  await once(script);
  const master = run(debian.haproxy.program, ["-W", "-db", "-f", join(examples, "haproxy-signal.cfg")], {
    env: { ...debian.haproxy.env, ...env },
  });
  const follower = run("sh", [follow, ...script, "kill", "-USR2", String(master.pid)]);
  await follows(`http://127.0.0.1:${port}/`, follower);
});

test("nginx follows the signal, its script keeping a file for it", async () => {
  const port = await freePort();
  const conf = join(folder, "nginx.conf");
  writeFileSync(conf, example("nginx.conf").replace("listen LISTEN", `listen 127.0.0.1:${port}`));
  const nginx = [debian.nginx.program, "-p", folder, "-e", "stderr", "-c", conf];
  const script = [worker.url, "shop", join(folder, "vedette-shop.conf"), "proxy_pass {url};"];
  await once(script);
  const server = run(nginx[0], [...nginx.slice(1), "-g", "daemon off;"], { env: debian.nginx.env });
  await until("nginx listens", async (see) => {
    see(server.said);
    return (
      await fetch(`http://127.0.0.1:${port}/`).catch((error) => {
        throw new Error(`${error.message}: ${server.said}`);
      })
    ).ok;
  });
  const follower = run("sh", [follow, ...script, ...nginx, "-s", "reload"], { env: debian.nginx.env });
  await follows(`http://127.0.0.1:${port}/`, follower);
});

test("what was to read the file and failed is run again, though nothing changes any more", async () => {
  const [file, flag] = [join(folder, "read-late.conf"), join(folder, "flag")];
  const command = ["sh", "-c", 'if [ -e "$0" ]; then echo it was read; else touch "$0"; exit 1; fi', flag];
  const child = run("sh", [follow, worker.url, "shop", file, "proxy_pass {url};", ...command]);
  await until("it is read", (see) => see(child.said).includes("it was read"));
  assert.ok(child.said.includes("sh failed"), child.said);
});

/** A Vedette that says what a test wants it to. */
async function pretended(status, body, headers = {}) {
  const vedette = await origin((_, response) => response.writeHead(status, { "vedette-revision": "3", ...headers }).end(body));
  return { url: `http://127.0.0.1:${vedette.port}`, vedette };
}

const SIGNAL = {
  pool: "shop",
  origin: "standby",
  url: "http://127.0.0.1:9102",
  status: "pass",
  reason: 'say "ttl":0, "origin":"primary"',
  since: "2026-11-23T12:33:04.550Z",
  age: 1,
  ttl: 1,
  revision: 3,
};

const dns = (url, flags, env = {}) =>
  finished(
    "sh",
    [
      join(examples, "dns-switch.sh"),
      "--once",
      ...flags,
      url,
      "shop",
      "zone1",
      "record1",
      "shop.example.com",
      "A",
      "primary=192.0.2.10",
      "standby=192.0.2.20",
    ],
    { env: { ...process.env, ...env } },
  );

test("the script for DNS says exactly what it would send, and sends nothing", async () => {
  const { url, vedette } = await pretended(200, JSON.stringify(SIGNAL));
  const { code, said } = await dns(url, [], { CF_API_TOKEN: "canary-token" });
  await vedette.stop();
  assert.equal(code, 0);
  assert.equal(
    said,
    [
      "dry run: PATCH https://api.cloudflare.com/client/v4/zones/zone1/dns_records/record1",
      "  Authorization: Bearer (CF_API_TOKEN)",
      "  Content-Type: application/json",
      '  {"type":"A","name":"shop.example.com","content":"192.0.2.20","ttl":60}',
      "dns-switch: shop.example.com goes to 192.0.2.20 (revision 3)",
      "",
    ].join("\n"),
  );
});

const NO_SIGNALS = {
  "a ttl of 0": [200, JSON.stringify({ ...SIGNAL, ttl: 0 })],
  unknown: [200, JSON.stringify({ ...SIGNAL, status: "unknown" })],
  "every origin fails": [503, JSON.stringify({ ...SIGNAL, origin: null, url: null, status: "fail" })],
  "an origin that was not named": [200, JSON.stringify({ ...SIGNAL, origin: "third" })],
  "an empty answer": [200, ""],
  "something else": [200, '<html>"origin":"standby","ttl":1</html>'],
};

for (const [what, [status, body]] of Object.entries(NO_SIGNALS)) {
  test(`neither script acts on this: ${what}`, async () => {
    const { url, vedette } = await pretended(status, body);
    const { code, said } = await dns(url, []);
    assert.deepEqual([code, said], [1, ""]);
    if (what !== "an origin that was not named" && what !== "unknown") {
      const file = join(folder, "untouched.conf");
      writeFileSync(file, "as it was");
      const { code, said } = await finished("sh", [follow, "--once", url, "shop", file, "x {origin}", "echo", "reloads"]);
      assert.deepEqual([code, said], [1, ""]);
      assert.equal(readFileSync(file, "utf8"), "as it was");
    }
    await vedette.stop();
  });
}

test("no address that would be more than an address gets into the file for nginx", async () => {
  for (const bad of ["http://127.0.0.1; return 200 x", "file:///etc/passwd", "http://a\\nb", "http://$host"]) {
    const { url, vedette } = await pretended(200, JSON.stringify({ ...SIGNAL, url: bad }));
    const file = join(folder, "untouched.conf");
    writeFileSync(file, "as it was");
    await finished("sh", [follow, "--once", url, "shop", file, "proxy_pass {url};"]);
    assert.equal(readFileSync(file, "utf8"), "as it was", bad);
    await vedette.stop();
  }
});

test("with --send the record is changed, and the token is in the header alone", async () => {
  const got = [];
  const api = await origin((request, response) => {
    let body = "";
    request.on("data", (chunk) => (body += chunk));
    request.on("end", () => {
      got.push({ method: request.method, path: request.url, token: request.headers.authorization, body: JSON.parse(body) });
      response.end("{}");
    });
  });
  const { url, vedette } = await pretended(200, JSON.stringify(SIGNAL));
  const { said } = await dns(url, ["--send"], { CF_API_TOKEN: "canary-token", CF_API: `http://127.0.0.1:${api.port}` });
  await vedette.stop();
  await api.stop();
  assert.deepEqual(got, [
    {
      method: "PATCH",
      path: "/zones/zone1/dns_records/record1",
      token: "Bearer canary-token",
      body: { type: "A", name: "shop.example.com", content: "192.0.2.20", ttl: 60 },
    },
  ]);
  assert.ok(!said.includes("canary-token"));
  const { code } = await dns(url, ["--send"], { CF_API_TOKEN: "" });
  assert.equal(code, 2, "without a token nothing is tried");
});

test("the script for DNS follows the signal, and back", async () => {
  const args = ["shop", "zone1", "record1", "shop.example.com", "A", "primary=192.0.2.10", "standby=192.0.2.20"];
  const child = run("sh", [join(examples, "dns-switch.sh"), worker.url, ...args]);
  await until("it begins", () => child.said.includes("goes to 192.0.2.10"));
  primary.answer = unwell("primary");
  await until("it goes to the standby", (see) => see(child.said.slice(-500)).includes("goes to 192.0.2.20"), 30_000);
  primary.answer = named("primary");
  await until("it goes back", (see) => see(child.said).split("goes to 192.0.2.10").length === 3, 30_000);
});

test("without Vedette, HAProxy tries every server rather than none", async () => {
  await worker.stop();
  worker = undefined;
  await until("it holds none of them for up", (see) => see(haproxy.child.said).includes("backend 'shop' has no server available"), 30_000);
  await servedBy(haproxy.url, "primary", haproxy.child);
});
