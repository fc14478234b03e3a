// The sample job of `npm start`: reports again and again, and says when a report is not taken and
// when one is again.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createServer } from "node:http";
import { join } from "node:path";
import { test } from "node:test";
import { root, until } from "./lib.mjs";

test("the job reports by POST, and says once what is amiss and once that it is over", async (t) => {
  const asked = [];
  let status = 204;
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    response.writeHead(status).end();
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const child = spawn(process.execPath, [join(root, "scripts", "job.mjs")], {
    env: { ...process.env, HEARTBEAT: `http://127.0.0.1:${server.address().port}/v1/heartbeat/jobs.invoices.mac`, EVERY_MS: "50" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  t.after(() => (child.kill(), server.close()));
  let said = "";
  child.stdout.on("data", (chunk) => (said += chunk));
  const further = async (count) => {
    const before = asked.length;
    await until(`${count} more reports`, async () => asked.length >= before + count);
  };
  await further(3);
  assert.equal(said, "");
  status = 503;
  await further(4);
  status = 204;
  await further(3);
  await until("it says so", async () => said.endsWith("is taken again\n"));
  assert.equal(said, "[job] the heartbeat was not taken: status 503; trying again\n[job] the heartbeat is taken again\n");
  assert.deepEqual([...new Set(asked)], ["POST /v1/heartbeat/jobs.invoices.mac"]);
});
