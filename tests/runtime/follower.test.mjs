// The worker of examples/follower in front of Vedette, both in one `wrangler dev`: it follows a
// failover.

import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { answers, config, origin, root, startWorker, until } from "./lib.mjs";

let primary, standby, worker;

/** An origin that says its name, what it was asked, and with which body. */
const named = (name) => (request, response) => {
  if (request.url === "/health") return answers.ok(request, response);
  let body = "";
  request.on("data", (chunk) => (body += chunk));
  request.on("end", () =>
    response
      .writeHead(request.url === "/moved" ? 302 : 200, { location: "/there" })
      .end(`${name} ${request.method} ${request.url} ${body}`),
  );
};

before(async () => {
  primary = await origin(named("primary"));
  standby = await origin(named("standby"));
  worker = await startWorker(config({ shop: { primary: primary.port, standby: standby.port } }), {
    laptop: true,
    env: { VEDETTE_FRONT: join(root, "examples", "follower", "wrangler.toml") },
  });
});

after(async () => {
  await worker?.stop();
  await primary?.stop();
  await standby?.stop();
});

const servedBy = (name) =>
  until(`requests go to ${name}`, async (see) => see(await worker.text("/orders")) === `${name} GET /orders `, 30_000);

test("requests go to the primary, with path, query, method and body", async () => {
  await servedBy("primary");
  const answer = await worker.get("/orders/1?full=yes", { method: "POST", body: "two" });
  assert.equal(await answer.text(), "primary POST /orders/1?full=yes two");
  assert.equal(await worker.text("//elsewhere.example/x"), "primary GET //elsewhere.example/x ", "no path leads elsewhere");
  const moved = await worker.get("/moved");
  assert.deepEqual([moved.status, moved.headers.get("location")], [302, "/there"]);
});

test("they go to the standby when the primary fails, and back", async () => {
  primary.answer = answers.broken;
  await servedBy("standby");
  primary.answer = named("primary");
  await servedBy("primary");
});

test("there is an answer of its own when every origin fails", async () => {
  primary.answer = answers.broken;
  standby.answer = answers.broken;
  const answer = await until(
    "503",
    async (see) => {
      const answer = await worker.get("/orders");
      return see(answer.status) === 503 && answer;
    },
    30_000,
  );
  assert.equal(answer.headers.get("retry-after"), "5");
});
