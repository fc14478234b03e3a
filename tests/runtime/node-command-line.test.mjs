// The command line in Node says what the native one says, and the schema of the file what the code
// says.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import Ajv from "ajv/dist/2020.js";
import { parse } from "smol-toml";
import { Host, Kept } from "../../cli/host.mjs";
import { run } from "../../cli/program.mjs";
import { vedette } from "../../scripts/lib/worker.mjs";
import { finished, root } from "./lib.mjs";

const folder = (kind) => join(root, "tests", "config", kind);
const tomls = (kind) =>
  readdirSync(folder(kind))
    .filter((name) => name.endsWith(".toml"))
    .map((name) => join("tests", "config", kind, name));

/** What the native one says: `{ code, stdout, stderr }`. */
function native(...args) {
  const [command, all] = vedette(...args);
  const { status, stdout, stderr } = spawnSync(command, all, { cwd: root, encoding: "utf8", maxBuffer: 64 * 1024 * 1024 });
  return { code: status, stdout, stderr };
}

/** What the one in Node says. */
async function inNode(...args) {
  const out = new Kept();
  const { code } = await run(args, new Host({ out }));
  return { code, stdout: out.stdout, stderr: out.stderr };
}

test("it prints byte for byte what the native one does, over all files of tests/config", async () => {
  process.chdir(root);
  const files = [...tomls("good"), ...tomls("bad")];
  assert.ok(files.length > 60, `${files.length} files`);
  const ways = [["check"], ["check", "--json"], ["check", "--deploy"], ["compile"]];
  for (const file of files)
    for (const [command, ...more] of ways) assert.deepEqual(await inNode(command, file, ...more), native(command, file, ...more), file);
});

test("calls that are not understood, files that are not there and help are the same, too", async () => {
  process.chdir(root);
  for (const args of [
    [],
    ["fly"],
    ["check", "a", "b"],
    ["check", "nowhere.toml"],
    ["check", "tests"],
    ["help"],
    ["check", "--help"],
    ["--version"],
    ["probe", "vedette.toml", "no/one"],
    ["schema"],
    ["completions", "bash"],
  ])
    assert.deepEqual(await inNode(...args), native(...args), args.join(" "));
});

test("a program of its own prints the same, through a pipe", async () => {
  const file = "examples/forty-monitors.toml";
  const { code, said } = await finished(process.execPath, [join(root, "cli", "vedette.mjs"), "check", file], { cwd: root });
  assert.deepEqual([code, said], [0, native("check", file).stdout]);
});

test("a probe sends what the native one sends, and judges it alike", async () => {
  const seen = [];
  const server = createServer((request, response) => {
    const { method, url, headers } = request;
    seen.push([method, url, headers["user-agent"], headers["vedette-vantage"], headers.authorization]);
    if (url === "/moved") response.writeHead(302, { location: "/ok" }).end();
    else response.writeHead(url === "/ok" ? 200 : 500).end("a body");
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const monitor = (name, probe) =>
    `[[monitor]]\nname = "${name}"\nurl = "http://127.0.0.1:${server.address().port}"\nprobe = { ${probe} }\n`;
  const own = mkdtempSync(join(tmpdir(), "vedette-probe-"));
  const file = join(own, "vedette.toml");
  const ways = {
    good: 'path = "/ok", headers = { authorization = { secret = "PROBE_TOKEN" } }',
    bad: 'path = "/bad"',
    moved: 'path = "/moved", redirects = 1',
    elsewhere: 'path = "/moved"',
    unset: 'path = "/ok", headers = { authorization = { secret = "NO_SUCH_TOKEN" } }',
  };
  writeFileSync(
    file,
    Object.entries(ways)
      .map(([name, probe]) => monitor(name, probe))
      .join(""),
  );
  const env = { ...process.env, PROBE_TOKEN: "a-canary" };
  const probed = async (command, args) => {
    const { code, said } = await finished(command, args, { cwd: root, env });
    return { code, said: said.replace(/response time .*/, ""), asked: seen.splice(0) };
  };
  try {
    for (const name of Object.keys(ways)) {
      const inNode = await probed(process.execPath, [join(root, "cli", "vedette.mjs"), "probe", file, name]);
      assert.deepEqual(inNode, await probed(...vedette("probe", file, name)), name);
      assert.match(inNode.said, /evidence: /);
      assert.doesNotMatch(inNode.said, /canary/);
    }
  } finally {
    server.close();
    rmSync(own, { recursive: true, force: true });
  }
});

const ajv = new Ajv({ allErrors: true });
const schema = JSON.parse(native("schema").stdout);
const accepts = ajv.compile(schema);

/** Whether the schema accepts a text, in a line for each error. */
function judged(text) {
  const good = accepts(JSON.parse(JSON.stringify(parse(text))));
  return { good, why: (accepts.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`).join("\n") };
}

test("the schema accepts every good file, and every example of the documents", () => {
  const documents = readdirSync(join(root, "docs")).filter((name) => name.endsWith(".md"));
  const texts = ["README.md", ...documents.map((name) => join("docs", name))].flatMap((name) =>
    [...readFileSync(join(root, name), "utf8").matchAll(/```toml\n([\s\S]*?)```/g)].map(([, text]) => [name, text]),
  );
  const files = [...tomls("good"), "vedette.toml", "template/vedette.toml", "examples/forty-monitors.toml"];
  for (const [name, text] of [...texts, ...files.map((name) => [name, readFileSync(join(root, name), "utf8")])]) {
    const { good, why } = judged(text);
    assert.ok(good, `${name}:\n${text}\n${why}`);
  }
});

/**
 * Bad files that the schema accepts: their fault lies between settings, in what a text means, or in
 * that there is nothing at all.
 */
const BEYOND = [
  "empty.toml",
  "fast_over_interval.toml",
  "head_has_no_body.toml",
  "history_of_steps.toml",
  "history_too_long.toml",
  "latency_over_default_timeout.toml",
  "only_comments.toml",
  "pairs_across_levels.toml",
  "probe_path.toml",
  "timeout_over_interval.toml",
];

test("the schema refuses every bad file that a schema can refuse", () => {
  const passed = [];
  for (const name of tomls("bad")) {
    let good;
    try {
      ({ good } = judged(readFileSync(join(root, name), "utf8")));
    } catch {
      // No editor reads it, either.
      continue;
    }
    if (good) passed.push(name.split("/").at(-1));
  }
  assert.deepEqual(passed.sort(), BEYOND);
});
