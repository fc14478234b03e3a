// What differs between operating systems, for each of them: the tests run on Linux alone.

import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { end, node22, start } from "../../scripts/lib/run.mjs";
import { endedBy, executable, leads, npm, pythonCommand, pythonOf } from "../../scripts/lib/system.mjs";
import { root, runs, until } from "./lib.mjs";

test("npm scripts are programs of Node.js that are there, and no lines of a shell", () => {
  for (const folder of ["", "template"]) {
    const { scripts } = JSON.parse(readFileSync(join(root, folder, "package.json"), "utf8"));
    for (const [name, line] of Object.entries(scripts)) {
      assert.match(line, /^(node scripts\/[a-z-]+\.mjs|vedette [a-z]+)$/, name);
      const [program, file] = line.split(" ");
      if (program === "node") assert.ok(existsSync(join(root, file)), line);
    }
  }
});

test("programs are found where each system keeps them", () => {
  const on = (platform) => [
    executable("vedette", platform),
    pythonOf(platform === "win32" ? "C:\\v" : "/v", platform),
    pythonCommand(platform),
  ];
  assert.deepEqual(on("linux"), ["vedette", "/v/bin/python", "python3"]);
  assert.deepEqual(on("darwin"), on("linux"));
  assert.deepEqual(on("win32"), ["vedette.exe", "C:\\v\\Scripts\\python.exe", "python"]);
  assert.ok(existsSync(node22), "and those of this one are there");
});

test("npm is run without a shell", () => {
  assert.deepEqual(npm(["pack"], { platform: "linux", env: {} }), ["npm", ["pack"]]);
  const node = "C:\\Program Files\\nodejs\\node.exe";
  const brought = "C:\\Program Files\\nodejs\\node_modules\\npm\\bin\\npm-cli.js";
  for (const [env, cli] of [
    [{}, brought],
    [{ npm_execpath: "D:\\npm\\bin\\npm-cli.js" }, "D:\\npm\\bin\\npm-cli.js"],
    // Another program that runs scripts says where it is in the same place.
    [{ npm_execpath: "D:\\yarn\\bin\\yarn.js" }, brought],
  ])
    assert.deepEqual(npm(["pack", "--silent"], { platform: "win32", env, node }), [node, [cli, "pack", "--silent"]]);
});

test("whoever is started ends with all that it started", async () => {
  assert.deepEqual(
    ["linux", "darwin", "win32"].map((platform) => leads(platform)),
    [true, true, false],
  );
  assert.equal(endedBy(7, "SIGTERM", "darwin"), undefined, "its group is signalled");
  assert.deepEqual(endedBy(7, "SIGTERM", "win32"), ["taskkill", ["/pid", "7", "/T"]]);
  assert.deepEqual(endedBy(7, "SIGKILL", "win32"), ["taskkill", ["/pid", "7", "/T", "/F"]]);
  const idle = "setInterval(() => {}, 1e6)";
  const parent = `const { pid } = require("node:child_process").spawn(process.execPath, ["-e", ${JSON.stringify(idle)}]); console.log(pid); ${idle}`;
  const child = start(process.execPath, ["-e", parent], { stdio: ["ignore", "pipe", "inherit"] });
  let said = "";
  child.stdout.on("data", (chunk) => (said += chunk));
  const grandchild = await until("it has a child of its own", async () => Number(said));
  process.kill(grandchild, 0);
  await end(child);
  await until("both are gone", async () => child.signalCode && !runs(grandchild));
});
