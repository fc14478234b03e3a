// Whoever ends `npm run dev` or a test, and however, leaves nothing behind: not the script, not
// wrangler, not workerd.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { answers, config, descendants, origin, root, runs, until } from "./lib.mjs";
import { freePort } from "../../scripts/lib/ports.mjs";

for (const [what, end] of [
  ["Ctrl-C in a terminal", (npm) => process.kill(-npm.pid, "SIGINT")],
  ["SIGTERM to npm alone", (npm) => npm.kill("SIGTERM")],
  ["SIGKILL to npm alone", (npm) => npm.kill("SIGKILL")],
]) {
  test(`${what} ends every process`, async () => {
    const folder = mkdtempSync(join(tmpdir(), "vedette-ends-"));
    const primary = await origin(answers.ok);
    const file = join(folder, "vedette.toml");
    writeFileSync(file, config({ shop: { primary: primary.port } }));
    const settings = { VEDETTE_CONFIG: file, VEDETTE_STATE: join(folder, "state"), VEDETTE_BUILD: join(root, "build") };
    const env = { ...process.env, ...settings, PORT: String(await freePort()) };
    const npm = spawn("npm", ["run", "dev"], { cwd: root, env, detached: true, stdio: ["ignore", "pipe", "pipe"] });
    let said = "";
    for (const stream of [npm.stdout, npm.stderr]) stream.on("data", (chunk) => (said += chunk));
    let started = [];
    try {
      await until("the worker listens", (see) => see(said.slice(-500)).includes("vedette listens on"), 60_000);
      started = [npm.pid, ...descendants(npm.pid)];
      assert.ok(started.length >= 4, "npm, the script, wrangler and workerd at least");
      end(npm);
      await until("all have ended", (see) => see(started.filter(runs)).length === 0);
    } finally {
      for (const pid of started.filter(runs)) process.kill(pid, "SIGKILL");
      await primary.stop();
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    }
  });
}

test("a second Ctrl-C leaves nothing behind either, not even a child that is deaf to the first", async () => {
  const work = `
    import { main, start } from ${JSON.stringify(join(root, "scripts", "lib", "run.mjs"))};
    await main(async () => {
      const child = start("sh", ["-c", "trap '' TERM; echo deaf; while :; do sleep 1; done"], { stdio: ["ignore", "inherit", "ignore"] });
      await new Promise((resolve) => child.on("exit", resolve));
    });`;
  const script = spawn(process.execPath, ["--input-type=module", "-e", work], { stdio: ["ignore", "pipe", "inherit"] });
  let said = "";
  script.stdout.on("data", (chunk) => (said += chunk));
  await until("the child runs", (see) => see(said).includes("deaf"));
  const [child] = descendants(script.pid);
  script.kill("SIGINT");
  // npm passes on what the terminal has sent to everybody already, and people press it again.
  const again = setInterval(() => script.kill("SIGINT"), 20);
  try {
    await until("the script has ended", () => !runs(script.pid));
    await until("its child has ended", () => !runs(child), 1000);
  } finally {
    clearInterval(again);
    for (const pid of [script.pid, child].filter(runs)) process.kill(pid, "SIGKILL");
  }
});

test("a test that is ended takes along what it started", async () => {
  const work = `
    import { program } from ${JSON.stringify(join(root, "tests", "runtime", "lib.mjs"))};
    program("sleep", ["600"], {});
    console.log("started");
    setInterval(() => {}, 1000);`;
  const script = spawn(process.execPath, ["--input-type=module", "-e", work], { stdio: ["ignore", "pipe", "inherit"] });
  let said = "";
  script.stdout.on("data", (chunk) => (said += chunk));
  await until("it has started a program", (see) => see(said).includes("started") && descendants(script.pid).length > 0);
  const started = descendants(script.pid);
  try {
    script.kill("SIGTERM");
    await until("all have ended", (see) => see([script.pid, ...started].filter(runs)).length === 0);
  } finally {
    for (const pid of [script.pid, ...started].filter(runs)) process.kill(pid, "SIGKILL");
  }
});
