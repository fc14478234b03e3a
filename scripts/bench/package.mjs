// The npm package as a newcomer has it: from an empty folder to a watched origin, with npm's cache
// as it is; and `check` by Node beside the native one, in turns.

import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "../lib/ports.mjs";
import { below, end, node22, run, start } from "../lib/run.mjs";
import { originProcess, until } from "./plain.mjs";
import { median } from "./statistics.mjs";

const { version, devDependencies } = JSON.parse(readFileSync(below("package.json"), "utf8"));

const seconds = (since) => (performance.now() - since) / 1000;

/** Installs, makes a project, watches: seconds until each of it is done. */
async function watched(packed, origin) {
  const folder = mkdtempSync(join(tmpdir(), "vedette-first-"));
  const port = await freePort();
  let dev;
  try {
    const begun = performance.now();
    await run("npm", ["install", "--silent", "--prefer-offline", packed, `wrangler@${devDependencies.wrangler}`], { cwd: folder });
    const installed = seconds(begun);
    const vedette = join(folder, "node_modules", "vedette", "cli", "vedette.mjs");
    const url = `http://127.0.0.1:${origin.port}`;
    await run(node22, [vedette, "init", "--name", "shop", "--url", url], { cwd: folder });
    await run(node22, [vedette, "check"], { cwd: folder });
    dev = start(node22, [vedette, "dev", "--port", String(port)], { cwd: folder, stdio: "ignore" });
    await until(
      "the origin is watched",
      async () => {
        const answer = await fetch(`http://127.0.0.1:${port}/health/shop?format=text`).catch(() => undefined);
        return (await answer?.text()) === "pass\n";
      },
      120_000,
    );
    return { installed, all: seconds(begun) };
  } finally {
    if (dev) await end(dev);
    rmSync(folder, { recursive: true, force: true });
  }
}

/** How long a command takes, in seconds. */
function took(command, args) {
  const begun = performance.now();
  const { status, stderr } = spawnSync(command, args, { encoding: "utf8" });
  if (status !== 0) throw new Error(stderr);
  return seconds(begun);
}

export async function newcomer({ rounds = 5 }) {
  const made = below(".vedette", "package");
  mkdirSync(made, { recursive: true });
  await run("npm", ["pack", "--silent", "--pack-destination", made]);
  const packed = join(made, `vedette-${version}.tgz`);
  await run("cargo", ["build", "--release", "--locked", "--bin", "vedette"], { show: true });
  const forty = below("examples", "forty-monitors.toml");
  const native = join(process.env.CARGO_TARGET_DIR || below("target"), "release", "vedette");
  const checks = { native: [], node: [] };
  for (let round = 0; round < rounds; round += 1) {
    checks.native.push(took(native, ["check", forty]));
    checks.node.push(took(node22, [below("cli", "vedette.mjs"), "check", forty]));
  }
  const origin = await originProcess(await freePort());
  const first = [];
  try {
    for (let round = 0; round < Math.min(rounds, 3); round += 1) first.push(await watched(packed, origin));
  } finally {
    await origin.stop();
  }
  const [byNative, byNode] = [median(checks.native), median(checks.node)];
  return [
    `package: ${statSync(packed).size} bytes`,
    `package installed: ${median(first.map(({ installed }) => installed)).toFixed(1)} s`,
    `first origin watched: ${median(first.map(({ all }) => all)).toFixed(1)} s from an empty folder`,
    `check of forty monitors: ${byNode.toFixed(2)} s in Node, ${byNative.toFixed(3)} s native, ${(byNode / byNative).toFixed(1)} times`,
  ];
}
