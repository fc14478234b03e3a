// `vedette init`: makes a project of one's own. It writes all of it or nothing.

import { existsSync, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { createInterface } from "node:readline/promises";
import { Stop, main } from "../scripts/lib/run.mjs";
import { home } from "./layout.mjs";
import { compile } from "./program.mjs";

/** The longest name of a monitor, in characters. */
const LONGEST_NAME = 32;

/** A text of the template; the packed package has no file `.gitignore`. */
function template(name) {
  const kept = name === ".gitignore" && !existsSync(join(home, "template", name)) ? "gitignore" : name;
  return readFileSync(join(home, kept === "gitignore" ? "build" : "template", kept), "utf8");
}

/** A name that configurations accept, made of one for people: `Shop (EU)` is `shop-eu`. */
export function slug(text) {
  const plain = text.normalize("NFKD").replace(/\p{M}/gu, "").replace(/ß/g, "ss").toLowerCase();
  return plain
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+/, "")
    .slice(0, LONGEST_NAME)
    .replace(/-+$/, "");
}

const quoted = (text) => JSON.stringify(text);

/** The first name that is not taken yet. */
function free(wanted, taken) {
  for (let n = 1; ; n += 1) {
    const name = n === 1 ? wanted : `${wanted.slice(0, LONGEST_NAME - 4)}-${n}`;
    if (!taken.has(name)) return name;
  }
}

/** One monitor as it stands in the file; its path goes into the probe. */
function monitor({ name, title, url }) {
  const lines = ["", "[[monitor]]", `name = ${quoted(name)}`];
  if (title !== name) lines.push(`title = ${quoted(title)}`);
  lines.push(`url = ${quoted(url.origin)}`);
  const path = url.pathname + url.search;
  if (path !== "/") lines.push(`probe = { path = ${quoted(path)} }`);
  return lines.join("\n");
}

/** An address as it was typed: a host alone is meant as https. */
function address(text) {
  const typed = text.trim();
  const whole = /^[a-z][a-z0-9+.-]*:\/\//i.test(typed) ? typed : `https://${typed}`;
  let url;
  try {
    url = new URL(whole);
  } catch {
    throw new Stop(`${quoted(typed)} is no address; write one as https://shop.example.com`);
  }
  if (!["http:", "https:"].includes(url.protocol))
    throw new Stop(`${quoted(typed)} is not http or https; write one as https://shop.example.com`);
  if (url.username || url.password)
    throw new Stop("An address with a user name or a password would be kept in a file that others read; leave them out.");
  return url;
}

/** What is watched, from names and addresses: a name that is not given is that of the host. */
export function monitors(names, urls) {
  if (names.length > urls.length)
    throw new Stop(`There are ${names.length} names for ${urls.length} addresses; give each --name its --url.`);
  const taken = new Set();
  return urls.map((text, n) => {
    const url = address(text);
    const title = names[n]?.trim() || url.hostname;
    const name = free(slug(title) || slug(url.hostname) || "monitor", taken);
    taken.add(name);
    return { name, title, url };
  });
}

/** Asks for what the options did not say. */
async function asked({ names, urls, domain }) {
  if (urls.length > 0) return { names, urls, domain };
  if (!process.stdin.isTTY) throw new Stop("Nothing says what to watch; run vedette init --name shop --url https://shop.example.com");
  const line = createInterface({ input: process.stdin, output: process.stdout });
  const given = new Promise((_, reject) => {
    line.once("SIGINT", () => reject(new Stop("\nNothing was written.")));
    line.once("close", () => reject(new Stop("\nNothing was written.")));
  });
  const ask = (question) => Promise.race([line.question(question), given]);
  try {
    const found = { names: [], urls: [], domain };
    for (;;) {
      const url = (
        await ask(
          urls.length === 0 && found.urls.length === 0
            ? "Address to watch (https://shop.example.com): "
            : "Another one (Enter for no more): ",
        )
      ).trim();
      if (!url && found.urls.length > 0) break;
      if (!url) continue;
      try {
        const usual = address(url).hostname;
        found.names.push((await ask(`What people call it [${usual}]: `)).trim() || usual);
        found.urls.push(url);
      } catch (error) {
        if (!(error instanceof Stop) || error.message.startsWith("\n")) throw error;
        console.log(error.message);
      }
    }
    found.domain ??= (await ask("Domain for the page (Enter for one of workers.dev): ")).trim() || undefined;
    return found;
  } finally {
    given.catch(() => {});
    line.removeAllListeners("close");
    line.close();
  }
}

/** Where the package itself came from, as a dependency of the new project. */
function dependency(folder) {
  const { version } = JSON.parse(readFileSync(join(home, "package.json"), "utf8"));
  const lock = join(dirname(home), ".package-lock.json");
  if (!existsSync(lock)) return version;
  const resolved = JSON.parse(readFileSync(lock, "utf8")).packages?.["node_modules/vedette"]?.resolved ?? "";
  if (!resolved.startsWith("file:")) return resolved.startsWith("https://registry.npmjs.org/") || !resolved ? version : resolved;
  const path = relative(folder, resolve(dirname(dirname(home)), resolved.slice("file:".length)));
  return `file:${path.replaceAll("\\", "/")}`;
}

/** The text of vedette.toml. */
export function configuration(watched, domain) {
  const [head] = template("vedette.toml").split("\n[[monitor]]");
  const page = domain ? head.replace(/^plan = .*$/m, (line) => `${line}\npublic_url = ${quoted(`https://${domain}`)}`) : head;
  return `${page.trimEnd()}\n${watched.map(monitor).join("\n")}\n`;
}

/** A domain as it was typed. */
function hostOf(domain) {
  if (domain === undefined || domain === null) return undefined;
  const host = domain
    .trim()
    .replace(/^https?:\/\//, "")
    .replace(/\/$/, "");
  if (!/^(?=.{4,253}$)([a-z0-9-]+\.)+[a-z0-9-]+$/i.test(host))
    throw new Stop(`${quoted(domain)} is no domain; write one as status.example.com`);
  return host.toLowerCase();
}

/** Every file of the project, as `[name, text]`. */
function files(folder, watched, domain) {
  const route = `routes = [{ pattern = ${quoted(domain ?? "")}, custom_domain = true }]`;
  const wrangler = template("wrangler.toml");
  const project = JSON.parse(template("package.json"));
  project.dependencies.vedette = dependency(folder);
  return [
    ["vedette.toml", configuration(watched, domain)],
    [
      "wrangler.toml",
      domain
        ? wrangler.replace(
            /^# An address of your own.*\n#\n# routes = .*$/m,
            `# The address of the page, in a zone of your account.\n\n${route}`,
          )
        : wrangler,
    ],
    ["package.json", `${JSON.stringify(project, null, 2)}\n`],
    [".dev.vars.example", template(".dev.vars.example")],
    [".gitignore", template(".gitignore")],
    [join(".github", "workflows", "vedette.yml"), template(join(".github", "workflows", "vedette.yml"))],
  ];
}

/** Whether a package.json is what `npm install` of the package leaves: it may stay as it is. */
function isOurs(file) {
  try {
    const { dependencies = {}, devDependencies = {} } = JSON.parse(readFileSync(file, "utf8"));
    return "vedette" in dependencies || "vedette" in devDependencies;
  } catch {
    return false;
  }
}

/** Writes every file where there is none; what was written goes again if one of them cannot be. */
function write(folder, texts) {
  const written = [];
  try {
    for (const [name, text] of texts) {
      const file = join(folder, name);
      mkdirSync(dirname(file), { recursive: true });
      const half = `${file}.${process.pid}`;
      try {
        writeFileSync(half, text);
        // Unlike a rename it never takes the place of a file that has come meanwhile.
        linkSync(half, file);
      } finally {
        rmSync(half, { force: true });
      }
      written.push(file);
    }
  } catch (error) {
    for (const file of written) rmSync(file, { force: true });
    throw new Stop(
      `${folder} cannot be written to (${error.code ?? error.message}); nothing was made. Choose another folder: vedette init FOLDER`,
    );
  }
}

/** What is done next, and why, as `[command, reason]`. */
function next(folder, installed) {
  const path = relative(process.cwd(), folder);
  return [
    ...(path ? [[`cd ${/[^\w./-]/.test(path) ? quoted(path) : path}`]] : []),
    ...(installed ? [] : [["npm install"]]),
    ["npx vedette check", "how soon a failure is seen, and what it costs"],
    ["npx vedette dev", "watches from this machine"],
    ["npx wrangler login", "once"],
    ["npx vedette deploy", "watches from the edge"],
  ];
}

/** Runs the command. */
export const init = ({ folder: into, names, urls, domain: typed }) =>
  main(async () => {
    const folder = resolve(into);
    const every = [
      "vedette.toml",
      "wrangler.toml",
      "package.json",
      ".dev.vars.example",
      ".gitignore",
      join(".github", "workflows", "vedette.yml"),
    ];
    const kept = isOurs(join(folder, "package.json"));
    const there = every.filter((name) => existsSync(join(folder, name)) && !(kept && name === "package.json"));
    if (there.length > 0)
      throw new Stop(
        `${folder} has ${there.join(", ")} already; nothing was written. Move it away, or choose another folder: vedette init FOLDER`,
      );
    const found = await asked({ names, urls, domain: hostOf(typed) });
    const domain = hostOf(found.domain);
    const watched = monitors(found.names, found.urls);
    const texts = files(folder, watched, domain).filter(([name]) => !(kept && name === "package.json"));
    const [[file, content]] = texts;
    const { good, text } = await compile(file, { content });
    if (!good) throw new Stop(`${text}\nNothing was written.`);
    write(folder, texts);
    console.log(`Wrote ${texts.map(([name]) => name).join(", ")}.\n\nNext:\n`);
    for (const [step, what] of next(folder, kept)) console.log(`  ${step.padEnd(22)}${what ? `# ${what}` : ""}`.trimEnd());
  });
