// Canaries in every secret, in the credentials of an address and in the environment: none of them
// is ever seen again, although the origins send back what they were sent.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { finished, logs, origin, refusedStart, root, startWorker, until } from "./lib.mjs";
import { freePort } from "../../scripts/lib/ports.mjs";
import { vedette } from "../../scripts/lib/worker.mjs";

const canary = (where) => `canary-${where}-${randomBytes(8).toString("hex")}`;
const secrets = { PROBE_TOKEN: canary("header"), PROBE_BODY: canary("body"), UNUSED: canary("unused") };
const environment = { SOME_PASSWORD: canary("environment") };
const credentials = canary("credentials");
// What no header field carries.
const unfit = { LINES: `"${canary("lines")}\n${canary("lines")}"`, WIDE: `${canary("wide")}-日本`, EMPTY: '""' };
const words = Object.values(unfit).flatMap((value) => value.match(/canary-\w+-\w+/g) ?? []);
const all = [...words, ...Object.values(secrets), ...Object.values(environment), credentials];

/** What an origin may do with a secret that it was sent. */
const echoes = {
  body: (said, response) => response.end(said),
  json: (said, response) => response.writeHead(200, { "content-type": "application/health+json" }).end(JSON.stringify({ status: said })),
  headers: (said, response) =>
    response.writeHead(200, { "content-type": said, server: said, "x-cache": said, age: said, "x-own": said }).end("ok"),
  caches: (said, response) => response.writeHead(200, { "cache-status": `"${said}"; hit`, "cf-cache-status": said }).end("ok"),
  timing: (said, response) => response.writeHead(200, { "server-timing": `${said};desc="${said}", db;dur=1;desc="${said}"` }).end("ok"),
  status: (said, response) => response.writeHead(500, said).end(said),
  redirect: (said, response) => response.writeHead(302, { location: `http://${said}.invalid/${said}?${said}` }).end(said),
  broken: (said, response) => {
    response.writeHead(200, { "content-length": "1000", "x-own": said });
    response.write(said, () => response.destroy());
  },
};

const folder = mkdtempSync(join(tmpdir(), "vedette-secrets-"));
const origins = {};
let worker;

before(async () => {
  for (const [name, echo] of Object.entries(echoes)) {
    origins[name] = await origin((request, response) => {
      request.setEncoding("utf8");
      let body = "";
      request.on("data", (chunk) => (body += chunk));
      request.on("end", () => {
        origins[name].sent = { token: request.headers.authorization, body };
        echo(`${request.headers.authorization}${body}`, response);
      });
    });
  }
  const pool = (name, port, secret = "PROBE_TOKEN") => `
[[pool]]
name = "${name}"
expose_urls = true
probe = { method = "POST", path = "/check", headers = { authorization = { secret = "${secret}" } }, body = { secret = "PROBE_BODY" } }
expect = { body_contains = "never there", headers = { x-own = "never there" }, json = { "/status" = "never there" } }
[[pool.origin]]
name = "only"
url = "http://127.0.0.1:${port}"
`;
  const head = '[defaults]\ninterval = "1s"\ntimeout = "500ms"\nfall = 2\nrise = 2\n';
  const pools = Object.entries(origins).map(([name, { port }]) => pool(name, port));
  const file = join(folder, "secrets");
  writeFileSync(
    file,
    Object.entries({ ...secrets, ...unfit })
      .map(([name, value]) => `${name}=${value}\n`)
      .join(""),
  );
  const env = { ...environment, VEDETTE_SECRETS: file, VEDETTE_LOG_LEVEL: "debug" };
  const unsent = Object.entries({ missing: "NOT_SET", lines: "LINES", wide: "WIDE", empty: "EMPTY" });
  const silent = unsent.map(([name, secret]) => pool(name, origins.body.port, secret).replace("/check", `/${name}`));
  worker = await startWorker(head + pools.join("") + silent.join(""), { laptop: true, env });
});

after(async () => {
  await worker?.stop();
  for (const one of Object.values(origins)) await one.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Fails if a text has any of the canaries in it. */
const clean = (what, text) => all.forEach((value) => assert.ok(!text.includes(value), `${what} has ${value.split("-")[1]}`));

for (const name of Object.keys(echoes)) {
  test(`an origin is sent its secrets, and sends them back in its ${name}`, async () => {
    await until("it was probed", (see) => see(origins[name].sent));
    assert.deepEqual(origins[name].sent, { token: secrets.PROBE_TOKEN, body: secrets.PROBE_BODY });
    await until("it fails", async (see) => see((await worker.get(`/health/${name}`)).status) === 503, 30_000);
  });
}

for (const [name, why] of Object.entries({
  missing: "the secret NOT_SET is not set",
  lines: "the secret LINES has characters",
  wide: "the secret WIDE has characters",
  empty: "the secret EMPTY is empty",
})) {
  test(`a secret that is ${name} is no failure of the origin, and nothing is sent without it`, async () => {
    // Twice, so that two failures in a row would have shown.
    await until("it is known why", (see) => see(worker.said().slice(-500)) && worker.said().split(why).length > 2);
    const health = await worker.json(`/health/${name}/only`);
    assert.equal(health.checks[`${name}/only:verdict`][0].observedValue, "unknown");
    assert.ok(origins.body.requests.every(({ path }) => path === "/check"));
  });
}

test("no answer has a secret in it", async () => {
  const pools = Object.keys(echoes).flatMap((name) => [
    `/health/${name}`,
    `/health/${name}/only`,
    `/health/${name}?format=text`,
    `/route/${name}`,
    `/route/${name}?format=text`,
    `/route/${name}?format=redirect`,
  ]);
  const others = [
    "/",
    "/style.css",
    "/page.js",
    "/health",
    "/livez",
    "/readyz",
    "/readyz?verbose",
    "/nope",
    "/health/nope",
    "/health?format=xml",
    "/health/missing",
  ];
  for (const path of [...pools, ...others]) {
    const answer = await worker.get(path);
    clean(path, `${answer.statusText} ${JSON.stringify([...answer.headers])} ${await answer.text()}`);
  }
  const refused = await worker.get("/health", { method: "POST", body: "x" });
  clean("405", await refused.text());
});

test("no line of the log has a secret in it", async () => {
  await logs(worker, /probe_amiss|verdict_changed/);
  clean("the log", worker.said());
});

test("nothing that is deployed has a secret in it, only its name", () => {
  const built = join(worker.folder, "state", "worker", "build");
  const files = readdirSync(built, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  for (const { parentPath, name } of files) clean(name, readFileSync(join(parentPath, name), "latin1"));
  assert.match(readFileSync(join(built, "config.txt"), "utf8"), /secret PROBE_TOKEN/);
});

test("credentials in an address are refused and not repeated", async () => {
  const file = join(folder, "credentials.toml");
  writeFileSync(
    file,
    `[[pool]]\nname = "shop"\n[[pool.origin]]\nname = "primary"\nurl = "https://user:${credentials}@a.example/?${credentials}"\n`,
  );
  const { code, said } = await refusedStart({
    VEDETTE_CONFIG: file,
    VEDETTE_STATE: join(folder, "state"),
    VEDETTE_BUILD: join(root, "build"),
    PORT: String(await freePort()),
  });
  assert.notEqual(code, 0);
  assert.match(said, /url/);
  clean("the refusal", said);
  for (const args of [
    ["check", file],
    ["check", "--json", file],
    ["compile", file],
  ]) {
    const result = await finished(...vedette(...args), { cwd: root });
    assert.equal(result.code, 1, result.said);
    clean(args.join(" "), result.said);
  }
});

test("the command line sends secrets from its environment and shows none", async () => {
  const env = { ...process.env, ...secrets, ...environment };
  for (const name of Object.keys(echoes)) {
    origins[name].sent = undefined;
    const { said } = await finished(...vedette("probe", worker.file, `${name}/only`), { cwd: root, env });
    assert.equal(origins[name].sent?.token, secrets.PROBE_TOKEN, said);
    clean(`probe ${name}`, said);
  }
  for (const args of [
    ["check", worker.file],
    ["check", "--json", worker.file],
    ["compile", worker.file],
  ])
    clean(args.join(" "), (await finished(...vedette(...args), { cwd: root, env })).said);
});
