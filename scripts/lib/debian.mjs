// Programs of Debian that tests run. Their packages are unpacked into the folder of tools: an
// installed one would begin to serve a public port of this machine. One that is installed already
// is used as it is.

import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { asRoot, cache, step, wholly, works } from "./machine.mjs";
import { Stop, run } from "./run.mjs";

/** Downloads these packages, and of what they depend on whatever is not installed here. */
async function download(packages, folder) {
  mkdirSync(join(folder, "partial"), { recursive: true });
  const settings = ["-o", "Debug::NoLocking=true", "-o", `Dir::Cache::archives=${folder}/`];
  const wanted = ["install", "-y", "--no-install-recommends", "--download-only", ...packages];
  const get = () => run("apt-get", [...settings, ...wanted]);
  await get().catch(async (error) => {
    // A fresh machine has no lists of packages yet.
    const root = asRoot();
    if (!root) throw error;
    const [command, ...args] = [...root, "apt-get", "update"];
    await run(command, args);
    await get();
  });
  return readdirSync(folder).filter((file) => file.endsWith(".deb"));
}

/** Below a folder, those folders that shared libraries are in, at most three deep. */
function libraries(folder, depth = 3) {
  if (!existsSync(folder)) return [];
  const entries = readdirSync(folder, { withFileTypes: true });
  const here = entries.some(({ name }) => /\.so(\.|$)/.test(name)) ? [folder] : [];
  const below = entries.filter((entry) => entry.isDirectory() && depth > 1).map(({ name }) => join(folder, name));
  return [...here, ...below.flatMap((one) => libraries(one, depth - 1))];
}

const isProgram = (file) => {
  const bytes = statSync(file).size > 4 && readFileSync(file).subarray(0, 4);
  return bytes && bytes.toString("latin1") === "\x7fELF";
};

/**
 * A program of these packages: `inside` is its path in them, `variable` names the setting for one
 * that is elsewhere.
 */
export class Tool {
  constructor({ name, variable, inside, packages }) {
    Object.assign(this, { name, variable, inside, packages });
    this.folder = join(cache, `debian-${packages.join("-")}`);
    const set = process.env[variable];
    this.isUnpacked = !set && !existsSync(join("/", inside));
    /** Where the files of the packages are. */
    this.root = this.isUnpacked ? this.folder : "/";
    this.program = set || join(this.root, inside);
  }

  /** A file of the packages. */
  path(...parts) {
    return join(this.root, ...parts);
  }

  /** The environment that the program, and those beside it, run in. */
  get env() {
    if (!this.isUnpacked) return process.env;
    const found = ["usr/lib", "lib"].flatMap((folder) => libraries(join(this.folder, folder)));
    return { ...process.env, LD_LIBRARY_PATH: found.join(":") };
  }

  /** A file among the libraries of this machine's kind. */
  library(...parts) {
    const kind = readdirSync(this.path("usr/lib")).find((name) => name.includes("-linux-gnu"));
    return this.path("usr/lib", kind, ...parts);
  }

  isThere() {
    return existsSync(this.program);
  }

  /** Unpacks the packages if the program is not there. */
  async bring() {
    if (this.isThere()) return;
    const { name, variable, program, packages } = this;
    const wayOut = `install it (Debian: apt-get install ${packages.join(" ")}), or set ${variable} to the path of the one you have`;
    if (process.env[variable]) throw new Stop(`${variable} is ${program}, where there is no ${name}; ${wayOut}.`);
    if (!works("apt-get", ["--version"]) || !works("dpkg-deb", ["--version"]))
      throw new Stop(`A test needs ${name}, which is missing; ${wayOut}.`);
    await step(`${name} (once per machine)`, () => this.#unpack(wayOut));
  }

  async #unpack(wayOut) {
    const archives = `${this.folder}.${process.pid}.archives`;
    const unpack = async (half) => {
      for (const file of await download(this.packages, archives)) await run("dpkg-deb", ["--extract", join(archives, file), half]);
      const program = join(half, this.inside);
      if (isProgram(program)) await this.#links(program, half);
    };
    try {
      await wholly(this.folder, unpack);
    } catch (error) {
      throw new Stop(`${this.name} could not be unpacked; ${wayOut}.\n${error.message}`);
    } finally {
      rmSync(archives, { recursive: true, force: true });
    }
  }

  /** Refuses a program that lacks a library. */
  async #links(program, half) {
    const found = ["usr/lib", "lib"].flatMap((folder) => libraries(join(half, folder)));
    const said = await run("ldd", [program], { env: { ...process.env, LD_LIBRARY_PATH: found.join(":") } });
    const missing = said.split("\n").filter((line) => line.includes("not found"));
    if (missing.length) throw new Stop(`it lacks ${missing.map((line) => line.trim()).join(", ")}`);
  }
}

const tool = (name, variable, inside, ...packages) => new Tool({ name, variable, inside, packages });

export const nginx = tool("nginx", "NGINX", "usr/sbin/nginx", "nginx");
export const varnish = tool("Varnish", "VARNISHD", "usr/sbin/varnishd", "varnish");
export const squid = tool("squid", "SQUID", "usr/sbin/squid", "squid");
export const apache = tool("Apache", "APACHE", "usr/sbin/apache2", "apache2");
export const monitoringPlugins = tool("monitoring-plugins", "CHECK_HTTP", "usr/lib/nagios/plugins/check_http", "monitoring-plugins-basic");
export const blackbox = tool("the blackbox exporter", "BLACKBOX", "usr/bin/prometheus-blackbox-exporter", "prometheus-blackbox-exporter");
export const prometheus = tool("Prometheus", "PROMETHEUS", "usr/bin/prometheus", "prometheus");
export const monit = tool("monit", "MONIT", "usr/bin/monit", "monit");
export const wget = tool("wget", "WGET", "usr/bin/wget", "wget");
export const gdnsd = tool("gdnsd", "GDNSD", "usr/sbin/gdnsd", "gdnsd");
export const haproxy = tool("HAProxy", "HAPROXY", "usr/sbin/haproxy", "haproxy");

/** A program, how it is brought, and the files of tests that need it. */
export const needing = (tool, ...tests) => {
  const { name, variable } = tool;
  return { name, variable, isThere: () => tool.isThere(), bring: () => tool.bring(), tests };
};

/** What tests/wild needs, and its files that need it. */
export const WILD = [
  needing(nginx, "caches", "age"),
  needing(varnish, "caches", "age", "checkers"),
  needing(squid, "caches"),
  needing(apache, "caches", "checkers"),
  needing(haproxy, "checkers"),
  needing(monitoringPlugins, "checkers"),
  needing(blackbox, "checkers"),
  needing(prometheus, "prometheus"),
  needing(monit, "checkers"),
  needing(wget, "checkers"),
  needing(gdnsd, "checkers"),
];
