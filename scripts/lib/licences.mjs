// The licences of every crate that the package has in its wasm.

import { spawnSync } from "node:child_process";
import { readFileSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { Stop, root } from "./run.mjs";

/** What is compiled: the worker, and the command line. */
const BUILDS = [[], ["--no-default-features", "--features", "node"]];

const TARGET = "wasm32-unknown-unknown";

function metadata(features) {
  const args = ["metadata", "--locked", "--format-version", "1", "--filter-platform", TARGET, ...features];
  const { status, stdout, stderr } = spawnSync("cargo", args, { cwd: root, encoding: "utf8", maxBuffer: 256 * 1024 * 1024 });
  if (status !== 0) throw new Stop(`cargo ${args.join(" ")} failed\n${stderr}`);
  return JSON.parse(stdout);
}

/** The crates that become part of a build: no tests' and no build scripts'. */
function crates(features) {
  const { packages, resolve } = metadata(features);
  const nodes = new Map(resolve.nodes.map((node) => [node.id, node]));
  const found = new Set();
  const visit = (id) => {
    if (found.has(id)) return;
    found.add(id);
    for (const { pkg, dep_kinds } of nodes.get(id).deps) if (dep_kinds.some(({ kind }) => kind === null)) visit(pkg);
  };
  visit(resolve.root);
  return packages.filter(({ id }) => found.has(id) && id !== resolve.root);
}

/** The texts that a crate brings, in the order of their names. */
function texts({ manifest_path }) {
  const folder = dirname(manifest_path);
  const names = readdirSync(folder).filter((name) => /^(licen[sc]e|copying|notice|unlicense)/i.test(name) && !/\.(rs|html)$/.test(name));
  return names.sort().map((name) => readFileSync(join(folder, name), "utf8").replaceAll("\r\n", "\n").trim());
}

/** All of it as one text: each crate with its licence, then every licence once. */
export function licences() {
  const all = new Map(BUILDS.flatMap(crates).map((crate) => [`${crate.name} ${crate.version}`, crate]));
  const names = [...all.keys()].sort();
  const numbers = new Map();
  const number = (text) => numbers.get(text) ?? numbers.set(text, numbers.size + 1).get(text);
  const rows = names.map((name) => {
    const { license, repository } = all.get(name);
    const own = texts(all.get(name)).map(number);
    const where = own.length > 0 ? `, text ${own.join(", ")}` : "";
    return `${name}: ${license}${where}${repository ? ` (${repository})` : ""}`;
  });
  const parts = [...numbers].map(([text, n]) => `\n${"=".repeat(80)}\nText ${n}\n\n${text}\n`);
  return `The wasm of this package is made of Vedette (Apache-2.0, see LICENSE), of Rust's standard library
(MIT OR Apache-2.0, https://www.rust-lang.org) and of these crates:

${rows.join("\n")}
${parts.join("")}`;
}
