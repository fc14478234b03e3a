// Three changes of a service, measured side by side in one worker: an index, a response cache, and
// nothing at all. What a person would type is typed here, too: `vedette change …`. It ends with 0
// if the verdicts are those that the README tells.

import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { scratch } from "../../scripts/lib/memory.mjs";
import { freePort } from "../../scripts/lib/ports.mjs";
import { Stop, below, end, isEnding, main, root, run, start } from "../../scripts/lib/run.mjs";
import { python, setup } from "../../scripts/lib/setup.mjs";
import { vedette } from "../../scripts/lib/worker.mjs";

/** Samples of an origin before anything is changed: half a minute from each of two vantages. */
const ENOUGH = 64;

/**
 * What the third origin waits for before it answers, in milliseconds: first, and while the machine
 * is slower by 4%.
 */
const [USUAL, SLOWER] = [200, 208];

/** The origin's package finds itself only there. */
const beside = { cwd: below("examples", "origin") };

const STORIES = [
  {
    pool: "indexed",
    title: "Index on orders.customer_id",
    expected: "The orders of a customer are found without reading the whole table.",
    expect: ["response time down by 30%", "database time down by 30%", "error rate not up"],
    rollback: "python -m origin migrate drop-orders-customer-index",
    apply: ({ database }) => run(python, ["-m", "origin", "migrate", "add-orders-customer-index", "--database", database], beside),
    told: ["improved"],
  },
  {
    pool: "cached",
    title: "Keep answers of /orders for 30 seconds",
    expected: "The orders of a customer come faster.",
    expect: ["response time down by 30%", "database time down by 30%", "error rate not up"],
    rollback: "Set the cache's time to live back to 0.",
    apply: (story) => misbehave(story, { mode: "cache", ttl_s: 30 }),
    told: ["inconclusive", "unchanged"],
  },
  {
    pool: "untouched",
    title: "New release, said to be faster",
    expected: "Answers come faster.",
    expect: ["response time down"],
    rollback: "Deploy the release before it.",
    before: (story) => misbehave(story, { mode: "slow", delay_ms: USUAL }),
    apply: (story) => misbehave(story, { mode: "slow", delay_ms: SLOWER }),
    told: ["unchanged", "inconclusive"],
  },
];

/** Whether all is told, so that what ends has been asked to. */
let over = false;

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Starts a program and waits until it says that it listens. */
function listening(name, command, args, options) {
  const child = start(command, args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  return new Promise((resolve, reject) => {
    child.on("error", () => reject(new Stop(`${name} could not be started.`)));
    child.on("exit", (code, signal) => over || isEnding() || reject(new Stop(`${name} ended (${code ?? signal}).\n${said}`)));
    for (const stream of [child.stdout, child.stderr])
      stream.on("data", (chunk) => {
        said += chunk;
        if (said.includes("listens on")) resolve(child);
      });
  });
}

/** Has a sample origin do something of what its README tells. */
async function misbehave({ port }, wish) {
  const headers = { "content-type": "application/json" };
  const answer = await fetch(`http://127.0.0.1:${port}/misbehave`, { method: "POST", headers, body: JSON.stringify(wish) });
  if (!answer.ok) throw new Stop(`The origin refused ${JSON.stringify(wish)}: ${await answer.text()}`);
}

/** The origin of a story: 200,000 orders in a file of its own. */
async function startOrigin(story, seeded, folder) {
  const database = join(folder, `${story.pool}.db`);
  copyFileSync(seeded, database);
  const port = await freePort();
  const args = ["-m", "origin", "serve", "--port", String(port), "--name", story.pool, "--database", database, "--allow-misbehave"];
  const child = await listening(`The origin ${story.pool}`, python, args, beside);
  const running = { ...story, database, port, child };
  await story.before?.(running);
  return running;
}

/** The worker that watches them, and the environment in which the command line asks it. */
async function startWorker(stories, folder) {
  let config = readFileSync(below("examples", "change", "vedette.toml"), "utf8");
  for (const [index, { port }] of stories.entries()) config = config.replace(`127.0.0.1:${9111 + index}`, `127.0.0.1:${port}`);
  const [file, secrets] = ["vedette.toml", "secrets"].map((name) => join(folder, name));
  writeFileSync(file, config);
  const made = await run(...vedette("token", "--name", "demo"));
  const [, token] = made.match(/^token: (\S+)$/m);
  const [, entry] = made.match(/^entry: (\S+)$/m);
  writeFileSync(secrets, `ADMIN=${entry}\n`, { mode: 0o600 });
  const port = String(await freePort());
  const settings = { VEDETTE_CONFIG: file, VEDETTE_SECRETS: secrets, VEDETTE_STATE: join(folder, "state"), PORT: port };
  const child = await listening("The worker", process.execPath, [below("scripts", "dev.mjs")], { env: { ...process.env, ...settings } });
  return { child, env: { ...process.env, VEDETTE_URL: `http://127.0.0.1:${port}`, VEDETTE_TOKEN: token } };
}

/** Waits until every origin was measured for half a minute. */
async function measured(stories, { VEDETTE_URL, VEDETTE_TOKEN }) {
  const headers = { authorization: `Bearer ${VEDETTE_TOKEN}` };
  for (const { pool } of stories)
    for (let found = 0; found < ENOUGH; await pause(250)) {
      const answer = await fetch(`${VEDETTE_URL}/v1/samples/${pool}/orders`, { headers });
      if (!answer.ok) throw new Stop(`The samples of ${pool} cannot be read: ${await answer.text()}`);
      found = (await answer.json()).samples.length;
    }
}

/** Types a command and shows it; what it printed, and how it ended. */
async function type(env, ...args) {
  const shown = args.map((arg) => (/^[\w./-]+$/.test(arg) ? arg : `"${arg}"`)).join(" ");
  console.log(`$ vedette ${shown}`);
  const [command, given] = vedette(...args);
  try {
    return { code: 0, said: await run(command, given, { env, cwd: root }) };
  } catch (error) {
    if (error.code === undefined) throw error;
    return { code: error.code, said: error.output };
  }
}

/** The same of a command that must succeed. */
async function typed(env, ...args) {
  const { code, said } = await type(env, ...args);
  if (code !== 0) throw new Stop(`It ended with ${code}: ${said}`);
  return said.trim();
}

/** Keeps what was before a change; the change's id. */
function begin({ pool, title, expected, expect, rollback }, env) {
  const wishes = expect.flatMap((wish) => ["--expect", wish]);
  const told = ["--title", title, "--owner", "Ada", "--rollback", rollback, "--expected", expected, ...wishes];
  const windows = ["--before", "30s", "--after", "30s", "--warm-up", "1s"];
  return typed(env, "change", "start", "--origin", `${pool}/orders`, ...told, ...windows);
}

/** Waits for the verdict of a change; the change as JSON, and as Markdown. */
async function judged({ id }, env) {
  const { code, said } = await type(env, "change", "wait", id, "--timeout", "3m");
  console.log(`${said.trim()} (exit ${code})`);
  const change = JSON.parse(await typed(env, "change", "show", id, "--json"));
  return { change, markdown: await typed(env, "change", "show", id) };
}

/** The three stories from their beginning to their end; whether they went as they are told. */
async function tell(stories, env) {
  console.log("[change] half a minute of samples before anything is changed …");
  await measured(stories, env);
  for (const story of stories) story.id = await begin(story, env);
  for (const story of stories) {
    await story.apply(story);
    console.log(await typed(env, "change", "applied", story.id));
  }
  console.log("[change] half a minute of samples after it, and ten seconds for the last of them …");
  const ends = await Promise.all(stories.map((story) => judged(story, env)));
  for (const { markdown } of ends) console.log(`\n${markdown}\n`);
  const verdicts = ends.map(({ change }) => change.verdict);
  for (const [index, { pool, told }] of stories.entries()) console.log(`[change] ${pool}: ${verdicts[index]} (told: ${told.join(" or ")})`);
  return stories.every(({ told }, index) => told.includes(verdicts[index]));
}

await main(async () => {
  // Who brings a build has set up what made it.
  if (!process.env.VEDETTE_BUILD) await setup({ withPython: true });
  const folder = mkdtempSync(join(scratch(), "vedette-change-"));
  process.on("exit", () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  console.log("[change] three origins with 200,000 orders each, and the worker that watches them …");
  const seeded = join(folder, "orders.db");
  await run(python, ["-m", "origin", "seed", "--database", seeded], beside);
  const stories = await Promise.all(STORIES.map((story) => startOrigin(story, seeded, folder)));
  const worker = await startWorker(stories, folder);
  const good = await tell(stories, worker.env);
  over = true;
  for (const { child } of [worker, ...stories]) await end(child);
  process.exit(good ? 0 : 1);
});
