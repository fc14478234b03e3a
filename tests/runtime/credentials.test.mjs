// Credentials of a probe stay with the server that they are meant for, however they were written,
// when it redirects elsewhere.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { answers, origin, startWorker, until } from "./lib.mjs";

// `proxy-authorization` is refused in a configuration.
const written = { Authorization: "Bearer mine", cookie: "session=mine", "x-own": "of no secret" };
const names = Object.keys(written).map((name) => name.toLowerCase());

let elsewhere, away, home, worker;

before(async () => {
  elsewhere = await origin(answers.ok);
  away = await origin((_, response) => response.writeHead(302, { location: `http://127.0.0.1:${elsewhere.port}/there` }).end());
  home = await origin((request, response) =>
    request.url === "/health"
      ? response.writeHead(302, { location: `http://127.0.0.1:${home.port}/there` }).end()
      : answers.ok(request, response),
  );
  const headers = Object.entries(written)
    .map(([name, value]) => `${name} = "${value}"`)
    .join(", ");
  const pool = (name, port) => `
[[pool]]
name = "${name}"
probe = { path = "/health", redirects = 2, headers = { ${headers} } }
[[pool.origin]]
name = "only"
url = "http://127.0.0.1:${port}"
`;
  const head = '[defaults]\ninterval = "1s"\ntimeout = "500ms"\nvantages = ["weur"]\n';
  worker = await startWorker(head + pool("away", away.port) + pool("home", home.port));
  await until("both pass", async (see) => {
    const words = ["away", "home"].map((name) => worker.text(`/health/${name}?format=word`));
    return see(await Promise.all(words)).every((word) => word === "pass");
  });
});

after(async () => {
  await worker?.stop();
  for (const one of [elsewhere, away, home]) await one?.stop();
});

/** The fields in question of the last request to a path. */
const sent = ({ requests }, path) => {
  const { headers } = requests.findLast((request) => request.path === path);
  return names.map((name) => headers[name]);
};

test("they are sent to the server itself, and to it again where it redirects to itself", () => {
  const all = Object.values(written);
  assert.deepEqual(sent(away, "/health"), all);
  assert.deepEqual(sent(home, "/health"), all);
  assert.deepEqual(sent(home, "/there"), all);
});

test("they are not sent along to another port, and what is none is", () => {
  assert.deepEqual(sent(elsewhere, "/there"), [undefined, undefined, "of no secret"]);
});
