// `npm start`: two sample origins and a sample job, the worker that watches them, and an inbox that
// it writes to. Ctrl-C ends all of it.

import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { Stop, below, endWithParent, isEnding, main, start } from "./lib/run.mjs";
import { mustBeFree } from "./lib/ports.mjs";
import { python, setup } from "./lib/setup.mjs";

const PORT = Number(process.env.PORT || 8787);
const INBOX = 9103;
const JOB = "jobs/invoices";
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

/** Starts the inbox and waits until it listens. */
function inbox(key) {
  const child = start(process.execPath, [below("scripts", "inbox.mjs")], {
    env: { ...process.env, PORT: String(INBOX), INBOX_KEY: key },
    stdio: ["ignore", "pipe", "inherit"],
  });
  return new Promise((resolve, reject) => {
    child.on("exit", (code) => {
      if (!isEnding()) reject(new Stop(`The inbox ended (${code}).`));
    });
    child.stdout.on("data", (chunk) => {
      if (String(chunk).includes("listens on")) resolve(child);
    });
  });
}

/** A file with the secrets of this laptop, and those that are made for this run. */
function secrets(made) {
  const own = process.env.VEDETTE_SECRETS || below(".dev.vars");
  const ours = new RegExp(`^(${Object.keys(made).join("|")})=.*$\n?`, "gm");
  const known = existsSync(own) ? readFileSync(own, "utf8").replace(ours, "") : "";
  const lines = Object.entries(made).map(([name, secret]) => `${name}=${secret}\n`);
  const file = below(".vedette", "start.dev.vars");
  writeFileSync(file, `${known.trimEnd()}\n${lines.join("")}`.trimStart(), { mode: 0o600 });
  return file;
}

/** Starts the worker and waits until it answers. */
function worker(made) {
  const child = start(process.execPath, [below("scripts", "dev.mjs")], {
    env: { ...process.env, PORT: String(PORT), VEDETTE_SECRETS: secrets(made) },
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

/** Starts the sample job; the command line knows where it reports to. */
async function job(at, secret) {
  const args = ["run", "--quiet", "--locked", "--", "heartbeat", process.env.VEDETTE_CONFIG || below("vedette.toml"), JOB, "--base", at];
  const { status, stdout, stderr } = spawnSync("cargo", args, {
    cwd: below(),
    encoding: "utf8",
    env: { ...process.env, HEARTBEAT_KEY: secret },
  });
  if (status !== 0) {
    console.log(`[start] no job reports: ${stderr.trim()}`);
    return undefined;
  }
  const env = { ...process.env, HEARTBEAT: stdout.split("\n")[0] };
  return start(process.execPath, [below("scripts", "job.mjs")], { env, stdio: ["ignore", "inherit", "inherit"] });
}

await main(async () => {
  endWithParent();
  for (const { name, port } of ORIGINS) await mustBeFree(port, `the sample origin ${name}`);
  await mustBeFree(INBOX, "the inbox");
  await mustBeFree(PORT, "the worker", "PORT");
  await setup({ withPython: true });
  mkdirSync(below(".vedette", "origin"), { recursive: true });
  console.log("[start] sample origins (the first start makes 200,000 orders) …");
  const children = [];
  for (const one of ORIGINS) children.push(await origin(one));
  const made = { INBOX_KEY: `whsec_${randomBytes(32).toString("base64")}`, HEARTBEAT_KEY: randomBytes(32).toString("base64url") };
  await inbox(made.INBOX_KEY);
  const running = await worker(made);
  const at = `http://127.0.0.1:${PORT}`;
  const reporting = await job(at, made.HEARTBEAT_KEY);
  const silence = reporting
    ? `
  5. Let the job fall silent, and be told half a minute later; -CONT lets it go on:
       kill -STOP ${reporting.pid}`
    : "";
  console.log(`
Vedette watches two sample origins${reporting ? " and a job" : ""}:

  page      ${at}/
  health    ${at}/health
  signal    ${at}/route/shop
  shop      http://shop.localhost:${PORT}/     (the traffic itself, by whichever origin answers)
  inbox     http://127.0.0.1:${INBOX}/          (what it tells whom)
  primary   http://127.0.0.1:9101   (process ${children[0].pid})
  standby   http://127.0.0.1:9102   (process ${children[1].pid})${
    reporting
      ? `
  ${JOB}   reports every 20 s      (process ${reporting.pid})`
      : ""
  }

Some things to try:

  1. Look at the page, or ask for the primary's health:
       curl -i ${at}/health/shop/primary
  2. Break the primary. No request fails: the standby answers at once, and within seconds the signal says so, too:
       curl -X POST http://127.0.0.1:9101/misbehave -H 'content-type: application/json' -d '{"mode":"status","status":500}'
       curl -i -H 'host: shop.localhost' ${at}/
       curl ${at}/route/shop
  3. Look into the inbox: some seconds later it is told, and by whom it is seen.
  4. Repair it, and see it come back after two good probes:
       curl -X DELETE http://127.0.0.1:9101/misbehave
       curl ${at}/health/shop?format=text${silence}

Ctrl-C ends all of it.
`);
  await new Promise((_, reject) => running.on("exit", (code) => reject(new Stop(`The worker ended (${code}).`))));
});
