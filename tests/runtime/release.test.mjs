// The npm package where nothing but Node is: from an empty folder to a watched origin, and what is
// said where something is in the way.

import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { after, before, test } from "node:test";
import { secretsOf } from "../../cli/dev.mjs";
import { mustSuitWrangler } from "../../cli/wrangler.mjs";
import { freePort } from "../../scripts/lib/ports.mjs";
import { node22 } from "../../scripts/lib/run.mjs";
import { answers, descendants, finished, origin, program, python, root, runs, until } from "./lib.mjs";

const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const packed = join(root, ".vedette", "package", `vedette-${version}.tgz`);
const above = mkdtempSync(join(tmpdir(), "vedette-release-"));
/** Blanks and umlauts belong to the names of people's folders. */
const folder = join(above, "Meine Wächter");
const bin = join(above, "bin");
let shop;

/** A program of this machine, by its name. */
const found = (name) =>
  process.env.PATH.split(delimiter)
    .map((folder) => join(folder, name))
    .find((file) => statSync(file, { throwIfNoEntry: false }));

/** What says how the registry is reached from here, if anything has to. */
const REACH = ["NODE_EXTRA_CA_CERTS", "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY", "https_proxy", "http_proxy", "no_proxy", "npm_config_cache"];

const env = () => ({
  ...Object.fromEntries(REACH.filter((name) => process.env[name]).map((name) => [name, process.env[name]])),
  PATH: bin,
  HOME: process.env.HOME,
  npm_config_prefer_offline: "true",
  npm_config_audit: "false",
  npm_config_fund: "false",
  npm_config_update_notifier: "false",
  WRANGLER_SEND_METRICS: "false",
});

/** Runs a program of that folder to its end. */
const ran = (command, ...args) => finished(join(bin, command), args, { cwd: folder, env: env() }, 240_000);

const npx = (...args) => ran("npx", "--no-install", ...args);

before(async () => {
  mkdirSync(folder, { recursive: true });
  mkdirSync(bin);
  // npm runs what packages bring with a shell.
  for (const name of ["npm", "npx", "sh"]) symlinkSync(found(name), join(bin, name));
  symlinkSync(node22, join(bin, "node"));
  shop = await origin(answers.ok);
  const { code, said } = await ran("npm", "install", packed, `wrangler@${wranglerVersion()}`);
  assert.equal(code, 0, said);
});

after(async () => {
  await shop?.stop();
  rmSync(above, { recursive: true, force: true });
});

/** The wrangler that this project is tested with. */
function wranglerVersion() {
  return JSON.parse(readFileSync(join(root, "package.json"), "utf8")).devDependencies.wrangler;
}

const configured = () => readFileSync(join(folder, "vedette.toml"), "utf8");

/** Everything in the project but what npm has put there. */
const files = (below = folder) =>
  readdirSync(below, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !join(entry.parentPath, entry.name).includes("node_modules"))
    .map((entry) => join(entry.parentPath, entry.name).slice(below.length + 1))
    .sort();

test("the package is small, and has what it needs and nothing of this machine", () => {
  assert.ok(statSync(packed).size <= 1_700_000, `${statSync(packed).size} bytes`);
  const inside = join(folder, "node_modules", "vedette");
  const all = readdirSync(inside, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const names = all.map((entry) => join(entry.parentPath, entry.name).slice(inside.length + 1));
  for (const name of [
    "entry.mjs",
    "build/index_bg.wasm",
    "build/cli/index_bg.wasm",
    "build/vedette.schema.json",
    "build/completions/_vedette",
    "LICENSE",
  ])
    assert.ok(names.includes(name), name);
  assert.deepEqual(
    names.filter((name) => /config\.txt|^src|^tests|^docs|\.rs$/.test(name)),
    [],
  );
  const here = [root, process.env.CARGO_HOME ?? join(process.env.HOME, ".cargo"), ".rustup"];
  for (const name of names) {
    const bytes = readFileSync(join(inside, name));
    for (const path of here) assert.ok(!bytes.includes(path), `${name} names ${path}`);
  }
  const licences = readFileSync(join(inside, "build", "licences.txt"), "utf8");
  for (const crate of ["clap", "serde_json", "toml", "wasm-bindgen", "worker"])
    assert.match(licences, new RegExp(`^${crate} [0-9.]+\\S*: .*(MIT|Apache)`, "m"));
});

test("there is no compiler and no Python there", async () => {
  for (const name of ["cargo", "rustc", "cc", "gcc", "python", "python3"]) assert.ok(!readdirSync(bin).includes(name));
  const { said } = await ran("sh", "-c", "command -v cargo rustc cc python3; echo none");
  assert.equal(said, "none\n");
});

test("init makes a project, and never writes over one", async () => {
  const before = files();
  const refused = await npx("vedette", "init", "--name", "shop", "--url", "ftp://shop.example");
  assert.deepEqual([refused.code, files()], [1, before], refused.said);
  assert.match(refused.said, /"ftp:\/\/shop\.example" is not http or https; write one as https:/);
  const silent = await npx("vedette", "init");
  assert.match(silent.said, /^Nothing says what to watch; run vedette init --name shop --url \S+\n$/);

  const made = await npx("vedette", "init", "--name", "shop", "--url", `http://127.0.0.1:${shop.port}`);
  assert.equal(made.code, 0, made.said);
  const own = [".dev.vars.example", ".github/workflows/vedette.yml", ".gitignore", "vedette.toml", "wrangler.toml"];
  assert.deepEqual(files(), [...own, "package-lock.json", "package.json"].sort(), made.said);
  assert.match(configured(), /^#:schema \.\/node_modules\/vedette\/build\/vedette\.schema\.json\n/);
  for (const step of ["npx vedette check", "npx vedette dev", "npx vedette deploy"]) assert.ok(made.said.includes(step), made.said);

  const again = await npx("vedette", "init", "--name", "other", "--url", "https://other.example");
  assert.equal(again.code, 1);
  for (const name of own) assert.ok(again.said.includes(name), again.said);
  assert.match(again.said, /nothing was written/);
  assert.doesNotMatch(configured(), /other/);
});

test("init takes several addresses and a domain, into a folder of its own", async () => {
  const urls = ["https://shop.example.com/health?full=1", "docs.example.com", "https://shop.example.com"];
  const args = ["--name", "Läden & Co", ...urls.flatMap((url) => ["--url", url]), "--domain", "status.example.com"];
  const made = await npx("vedette", "init", "Zweiter Ordner", ...args);
  assert.equal(made.code, 0, made.said);
  const read = (name) => readFileSync(join(folder, "Zweiter Ordner", name), "utf8");
  assert.match(
    read("vedette.toml"),
    /name = "laden-co"\ntitle = "Läden & Co"\nurl = "https:\/\/shop\.example\.com"\nprobe = { path = "\/health\?full=1" }/,
  );
  assert.match(read("vedette.toml"), /name = "docs-example-com"\n/);
  assert.match(read("vedette.toml"), /^public_url = "https:\/\/status\.example\.com"$/m);
  assert.match(read("wrangler.toml"), /^routes = \[\{ pattern = "status\.example\.com", custom_domain = true \}\]$/m);
  const { dependencies, devDependencies } = JSON.parse(read("package.json"));
  assert.equal(devDependencies.wrangler, wranglerVersion());
  assert.match(dependencies.vedette, /^file:.*vedette-.*\.tgz$/, "the new project has the package from where this one has it");
  const checked = await npx("vedette", "check", join("Zweiter Ordner", "vedette.toml"), "--deploy");
  assert.equal(checked.code, 0, checked.said);
  rmSync(join(folder, "Zweiter Ordner"), { recursive: true });
});

test("Ctrl-C at each question of init writes nothing", async () => {
  const empty = join(above, "questions");
  mkdirSync(empty);
  const answers = [
    ["Address to watch", "https://shop.example.com\r"],
    ["What people call it", "Shop\r"],
    ["Another one", "\r"],
    ["Domain for the page", "\r"],
  ];
  const init = [join(bin, "node"), join(folder, "node_modules", "vedette", "cli", "vedette.mjs"), "init"];
  const asked = (steps) =>
    finished(python, [join(root, "tests", "runtime", "terminal.py"), JSON.stringify(steps), ...init], { cwd: empty, env: env() }, 60_000);
  for (const n of answers.keys()) {
    const { code, said } = await asked([...answers.slice(0, n), [answers[n][0], "\u0003"]]);
    assert.equal(code, 1, said);
    assert.match(said, /Nothing was written\.\s*$/);
    assert.deepEqual(readdirSync(empty), []);
  }
  const { code, said } = await asked(answers);
  assert.equal(code, 0, said);
  assert.match(readFileSync(join(empty, "vedette.toml"), "utf8"), /name = "shop"\ntitle = "Shop"\nurl = "https:\/\/shop\.example\.com"/);
});

test("check says that it is good; a bad file, a newer and a large one are told in sentences", async () => {
  const good = await npx("vedette", "check");
  assert.match(good.said, /^vedette\.toml: good \(configuration [0-9a-f]+\)\n/);
  writeFileSync(join(folder, "newer.toml"), `tomorrow = true\n${configured()}`);
  const newer = await npx("vedette", "check", "newer.toml");
  assert.equal(newer.code, 1);
  assert.match(
    newer.said,
    new RegExp(`tomorrow: is not a setting; .*\nthis is vedette ${version}; a file that was written for a newer release needs`),
  );
  writeFileSync(join(folder, "large.toml"), `${"# half a megabyte\n".repeat(30_000)}${configured()}`);
  assert.equal((await npx("vedette", "check", "large.toml")).code, 0);
  const none = await npx("vedette", "check", "nowhere.toml");
  assert.deepEqual([none.code, none.said], [2, "cannot read nowhere.toml: No such file or directory (os error 2)\n"]);
  for (const name of ["newer.toml", "large.toml"]) rmSync(join(folder, name));
});

test("a probe is sent with nothing but Node, and explained", async () => {
  const probed = await npx("vedette", "probe", "vedette.toml", "shop");
  assert.equal(probed.code, 0, probed.said);
  assert.match(probed.said, /status {9}200\n[\s\S]*expect status +met\n[\s\S]*evidence: pass/);
});

test("dev watches a real origin until it is gone, and leaves no process behind", async () => {
  const job = 'heartbeat_secret = "BEAT_KEY"\n\n[[monitor]]\nname = "job"\nkind = "heartbeat"\nperiod = "1h"\n';
  const before = configured();
  const often = before.replace(/^interval = "\S+"/m, 'interval = "1s"');
  writeFileSync(join(folder, "vedette.toml"), often.replace("\n[defaults]", `${job}\n[defaults]`));
  const port = await freePort();
  const vedette = join(folder, "node_modules", "vedette", "cli", "vedette.mjs");
  const dev = program(join(bin, "node"), [vedette, "dev", "--port", String(port)], { cwd: folder, env: env() });
  try {
    const health = async () => (await fetch(`http://127.0.0.1:${port}/health/shop`)).status;
    const text = async () => (await fetch(`http://127.0.0.1:${port}/health/shop?format=text`)).text();
    await until("the shop passes", async (see) => see(await text()) === "pass\n" || see(dev.said) === "", 90_000);
    assert.equal(await health(), 200);
    assert.match(dev.said, /^Secrets are missing: write BEAT_KEY=… into \S.*\.dev\.vars; /m);
    await shop.stop();
    await until("the shop fails", async (see) => see(await health()) === 503, 60_000);
    const busy = await npx("vedette", "dev", "--port", String(port));
    assert.match(
      busy.said,
      new RegExp(`^Port ${port} of 127\\.0\\.0\\.1, .* is in use; end what listens there, or set --port to another port\\.\n$`),
    );
    const below = descendants(dev.pid);
    assert.ok(below.length > 0);
    process.kill(dev.pid, "SIGINT");
    assert.deepEqual(await dev.ended, { code: 0, signal: null });
    await until("everything has ended", (see) => see(below.filter(runs)).length === 0);
  } finally {
    await dev.stop();
    writeFileSync(join(folder, "vedette.toml"), before);
  }
});

test("secrets that a configuration names are found in its compiled form", () => {
  const named = {
    config: {
      pools: [{ probe: { headers: { secret: "no name", authorization: { secret: "PROBE_TOKEN" } } } }],
      heartbeat_secret: "BEAT_KEY",
      notify: [{ secrets: ["A_KEY"] }],
    },
  };
  assert.deepEqual(secretsOf(named.config), ["A_KEY", "BEAT_KEY", "PROBE_TOKEN"]);
});

test("a deployment has every binding, by wrangler's own command and by ours", async () => {
  const here = await npx("vedette", "deploy", "--dry-run");
  assert.equal(here.code, 1);
  assert.match(here.said, /monitor\.shop: its url .* is this machine, [^\n]*\nNothing was deployed\.\n$/);
  writeFileSync(join(folder, "vedette.toml"), configured().replace(/^url = .*$/m, 'url = "https://shop.example.com"'));
  for (const command of [
    ["wrangler", "deploy", "--dry-run"],
    ["vedette", "deploy", "--dry-run"],
  ]) {
    const { code, said } = await npx(...command);
    assert.equal(code, 0, said);
    for (const name of ["VANTAGE", "ARBITER", "SNAPSHOTS"]) assert.ok(said.includes(`env.${name}`), said);
  }
  assert.deepEqual(
    files().filter((name) => /\.\d+$/.test(name)),
    [],
    "no half-written file is left",
  );
});

test("a Node.js that wrangler does not run on is told in a sentence", () => {
  assert.throws(
    () => mustSuitWrangler("dev", "20.19.4"),
    /^Error: vedette dev needs Node\.js 22\.12 or newer, because wrangler does, and this is 20\.19\.4; install a newer one\.$/,
  );
  assert.throws(() => mustSuitWrangler("deploy", "22.11.0"));
  for (const version of ["22.12.0", "24.0.1"]) mustSuitWrangler("dev", version);
});

test("the template names the release and the wrangler that this project has", () => {
  const { dependencies, devDependencies } = JSON.parse(readFileSync(join(root, "template", "package.json"), "utf8"));
  assert.deepEqual([dependencies.vedette, devDependencies.wrangler], [version, wranglerVersion()]);
});
