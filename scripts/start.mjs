// `npm start`: two sample origins and the worker that watches them. Ctrl-C ends all of it.

import { mkdirSync } from "node:fs";
import { Stop, below, endWithParent, isEnding, main, start } from "./lib/run.mjs";
import { mustBeFree } from "./lib/ports.mjs";
import { python, setup } from "./lib/setup.mjs";

const PORT = Number(process.env.PORT || 8787);
const ORIGINS = [
  { name: "primary", port: 9101 },
  { name: "standby", port: 9102 },
];

/** Starts a sample origin and waits until it says that it listens. */
function origin({ name, port }) {
  const args = ["-m", "origin", "serve", "--port", String(port), "--name", name, "--allow-misbehave"];
  args.push("--database", below(".vedette", "origin", "orders.db"));
  const child = start(python, args, { cwd: below("examples", "origin"), stdio: ["ignore", "pipe", "inherit"] });
  return new Promise((resolve, reject) => {
    child.on("error", () => reject(new Stop(`The sample origin ${name} could not be started.`)));
    child.on("exit", (code, signal) => {
      if (isEnding()) return;
      reject(new Stop(`The sample origin ${name} ended at once (${code ?? signal}).`));
      console.log(`[start] the sample origin ${name} has ended (${code ?? signal}); it is not started again`);
    });
    child.stdout.on("data", (chunk) => {
      if (String(chunk).includes("listens on")) resolve(child);
    });
  });
}

/** Starts the worker and waits until it answers. */
function worker() {
  const child = start(process.execPath, [below("scripts", "dev.mjs")], {
    env: { ...process.env, PORT: String(PORT) },
    stdio: ["ignore", "pipe", "inherit"],
  });
  return new Promise((resolve, reject) => {
    child.on("exit", (code) => reject(new Stop(`The worker ended (${code}); see the lines above.`)));
    child.stdout.on("data", (chunk) => {
      process.stdout.write(chunk);
      if (String(chunk).includes("vedette listens on")) resolve(child);
    });
  });
}

await main(async () => {
  endWithParent();
  for (const { name, port } of ORIGINS) await mustBeFree(port, `the sample origin ${name}`);
  await mustBeFree(PORT, "the worker", "PORT");
  await setup({ withPython: true });
  mkdirSync(below(".vedette", "origin"), { recursive: true });
  console.log("[start] sample origins (the first start makes 200,000 orders) …");
  const children = [];
  for (const one of ORIGINS) children.push(await origin(one));
  const running = await worker();
  const at = `http://127.0.0.1:${PORT}`;
  console.log(`
Vedette watches two sample origins:

  page      ${at}/
  health    ${at}/health
  signal    ${at}/route/shop
  primary   http://127.0.0.1:9101   (process ${children[0].pid})
  standby   http://127.0.0.1:9102   (process ${children[1].pid})

Three things to try:

  1. Look at the page, or ask for the primary's health:
       curl -i ${at}/health/shop/primary
  2. Break the primary, and see within seconds where traffic should go instead:
       curl -X POST http://127.0.0.1:9101/misbehave -H 'content-type: application/json' -d '{"mode":"status","status":500}'
       curl ${at}/route/shop
  3. Repair it, and see it come back after two good probes:
       curl -X DELETE http://127.0.0.1:9101/misbehave
       curl ${at}/health/shop?format=text

Ctrl-C ends all of it.
`);
  await new Promise((_, reject) => running.on("exit", (code) => reject(new Stop(`The worker ended (${code}).`))));
});
