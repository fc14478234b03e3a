// The examples of examples/change in workerd: the three stories go as they are told, and the steps
// of the workflow keep a good change and take a bad one back.

import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { scratch } from "../../scripts/lib/memory.mjs";
import { vedette } from "../../scripts/lib/worker.mjs";
import { config, finished, origin, root, startWorker, until } from "./lib.mjs";

/** The processes in whose environment something stands. */
function withEnvironment(text) {
  const has = (pid) => {
    try {
      return readFileSync(`/proc/${pid}/environ`, "utf8").includes(text);
    } catch {
      // It is another's, or has ended.
      return false;
    }
  };
  return readdirSync("/proc").filter((name) => /^\d+$/.test(name) && has(name));
}

/** The part of what was printed that is the Markdown of a change. */
const told = (said, change) => said.split(/^(?=# change-\d+: )/m).find((part) => part.startsWith(`# ${change}: `)) ?? said;

async function threeStories() {
  const folder = mkdtempSync(join(scratch(), "vedette-stories-"));
  const env = { ...process.env, VEDETTE_BUILD: join(root, "build"), TMPDIR: folder };
  try {
    const run = () => finished(process.execPath, [join(root, "examples", "change", "run.mjs")], { env }, 240_000);
    let { code, said } = await run();
    // Half a minute on a busy machine may be too much alike to say anything, and it says so.
    for (let times = 1; times < 3 && code !== 0 && /samples follow each other too closely/.test(told(said, "change-1")); times += 1)
      ({ code, said } = await run());
    assert.equal(code, 0, said);
    const [indexed, cached, untouched] = ["change-1", "change-2", "change-3"].map((change) => told(said, change));
    assert.match(indexed, /\*\*Verdict: improved/);
    // Of half a minute of samples one of the two may be too much alike to say anything.
    assert.match(indexed, /^(response|database) time down by 30%: improved$/m);
    assert.doesNotMatch(indexed, /regressed/);
    // Hits came fast, and are shown beside what decides.
    assert.match(cached, /\| edge-only \| - \(0\) \| .* not deciding/);
    assert.match(cached, /share of hits 0 % → \d+ %: what users waited for changed by that, whatever the origin did/);
    assert.doesNotMatch(cached, /improved/);
    assert.match(untouched, /\*\*Verdict: (cannot be told|unchanged within the tolerance)\.\*\*/);
    assert.match(untouched, /\| (unchanged|inconclusive: (the difference may be chance|samples follow each other too closely).*) \|$/m);
    assert.deepEqual([withEnvironment(folder), readdirSync(folder).filter((name) => name.startsWith("vedette-change-"))], [[], []]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The steps of the workflow that run something: `{ name, when, script }`. */
function steps() {
  const text = readFileSync(join(root, "examples", "change", "verify.yml"), "utf8");
  return text
    .split(/^ {6}- /m)
    .slice(1)
    .flatMap((step) => {
      const [, script] = step.match(/^ {8}run: (?:\|\n)?((?:.*\n)(?: {10}.*\n)*)/m) ?? [];
      const of = (key) => step.match(new RegExp(`^(?: {8})?${key}: (.*)$`, "m"))?.[1] ?? "";
      return script ? [{ name: of("name"), when: of("if"), script: script.replace(/^ {10}/gm, "") }] : [];
    });
}

/** Runs the steps as GitHub does, but for the one that installs; what was run, and the summary. */
async function workflow(folder, given) {
  const [environment, summary] = ["env", "summary"].map((name) => join(folder, name));
  for (const file of [environment, summary]) writeFileSync(file, "");
  const ran = [];
  let failed = false;
  for (const { name, when, script } of steps()) {
    const due = when.startsWith("always()") || when.startsWith("failure()") === failed;
    if (name === "Install" || !due) continue;
    const set = Object.fromEntries(
      readFileSync(environment, "utf8")
        .split("\n")
        .filter(Boolean)
        .map((line) => line.split("=")),
    );
    const env = { ...process.env, ...given, ...set, GITHUB_ENV: environment, GITHUB_STEP_SUMMARY: summary };
    const { code, said } = await finished("bash", ["-e", "-o", "pipefail", "-c", script], { cwd: folder, env }, 240_000);
    ran.push({ name, code, said });
    failed ||= code !== 0;
  }
  return { ran, summary: readFileSync(summary, "utf8") };
}

/**
 * An origin whose answers take so many milliseconds and up to a hundred more, each by itself; a
 * deployment makes it `next`. What a busy machine adds is alike from one answer to the next, and
 * must be little beside that.
 */
async function deployable(next) {
  const usual = 110;
  const self = await origin(async ({ url }, response) => {
    if (url === "/deploy") self.ms = next;
    if (url === "/rollback") self.ms = usual;
    await new Promise((resolve) => setTimeout(resolve, self.ms + 100 * Math.random()));
    response.writeHead(200, { "content-type": "application/json", "cache-control": "no-store" }).end('{"ok":true}');
  });
  self.ms = usual;
  return self;
}

function script(file, text) {
  writeFileSync(file, `#!/bin/sh\nset -e\n${text}\n`);
  chmodSync(file, 0o755);
}

describe("the examples of a change", { concurrency: true, timeout: 400_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), "vedette-verify-"));
  let worker, shop, forum, token;
  before(async () => {
    shop = await deployable(5);
    forum = await deployable(220);
    const made = await finished(...vedette("token", "--name", "ada"), { cwd: root });
    const [, entry] = made.said.match(/^entry: (\S+)$/m);
    [, token] = made.said.match(/^token: (\S+)$/m);
    const secrets = join(folder, "secrets");
    writeFileSync(secrets, `ADMIN=${entry}\n`);
    const pools = config({ shop: { primary: shop.port }, forum: { primary: forum.port } }, { vantages: ["weur"] });
    worker = await startWorker(`${pools}\n[access]\nadmin_tokens = "ADMIN"\napi = "public"\n`, { env: { VEDETTE_SECRETS: secrets } });
    mkdirSync(join(folder, "bin"));
    const [command, args] = vedette();
    script(join(folder, "bin", "vedette"), `cd "${root}"\nexec "${command}" ${args.join(" ")} "$@"`);
  });
  after(async () => {
    await worker?.stop();
    await shop?.stop();
    await forum?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Runs the workflow on a service that was watched for half a minute. */
  async function deployed(pool, { port }) {
    const measured = async (see) => see((await worker.json(`/v1/samples/${pool}/primary`)).samples.length) > 32;
    await until("there are samples of before", measured, 120_000);
    const place = join(folder, pool);
    mkdirSync(place);
    for (const name of ["deploy", "rollback"]) script(join(place, `${name}.sh`), `curl -fsS http://127.0.0.1:${port}/${name}`);
    return workflow(place, {
      PATH: `${join(folder, "bin")}:${process.env.PATH}`,
      VEDETTE_URL: worker.url,
      VEDETTE_TOKEN: token,
      ORIGIN: `${pool}/primary`,
      TITLE: `${pool} 5f1d`,
      OWNER: "Ada",
      WINDOW: "30s",
      WARM_UP: "1s",
    });
  }

  async function closed(title) {
    const answer = await worker.get("/v1/changes", { headers: { authorization: `Bearer ${token}` } });
    return (await answer.json()).changes.find((change) => change.title === title);
  }

  test("three changes go as they are told, and leave nothing behind", threeStories);

  test("the workflow keeps what improved", async () => {
    const { ran, summary } = await deployed("shop", shop);
    const all = JSON.stringify(ran);
    assert.deepEqual(
      ran.map(({ name, code }) => [name, code]),
      ["Start", "Deploy", "Applied", "Wait", "Show", "Keep it"].map((name) => [name, 0]),
      all,
    );
    assert.match(summary, /^# change-\d+: shop 5f1d\n\n\*\*Verdict: improved/);
    const { state, verdict, closed: end } = await closed("shop 5f1d");
    assert.deepEqual([state, verdict, end?.fate], ["closed", "improved", "kept"], all);
  });

  test("the workflow takes back what regressed", async () => {
    const { ran, summary } = await deployed("forum", forum);
    const all = JSON.stringify(ran);
    assert.deepEqual(
      ran.map(({ name, code }) => [name, code]),
      [
        ["Start", 0],
        ["Deploy", 0],
        ["Applied", 0],
        ["Wait", 1],
        ["Show", 0],
        ["Take it back", 0],
      ],
      all,
    );
    assert.match(ran[3].said, /^change-\d+: regressed.*\nway back: \.\/rollback\.sh$/m);
    assert.match(summary, /regressed/);
    assert.equal(forum.ms, 110);
    const { state, verdict, closed: end } = await closed("forum 5f1d");
    assert.deepEqual([state, verdict, end?.fate], ["closed", "regressed", "rolled_back"], all);
  });
});
