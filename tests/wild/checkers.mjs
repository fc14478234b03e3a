// The checkers: each is started once with its lines, for each pool, and says then what it concludes
// of one.

import { connect } from "node:net";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as debian from "../../scripts/lib/debian.mjs";
import { freePort } from "../../scripts/lib/ports.mjs";
import { finished, until } from "../runtime/lib.mjs";
import { folder, serve, startApache, startVarnish, watchOver } from "./lib.mjs";

const id = (line, pool) => `${line}-${pool}`.replace(/\W+/g, "_");

/** A line for this pool, at this port of this machine. */
const placed = (text, pool, port) =>
  text.replaceAll("/health/shop", `/health/${pool}`).replaceAll("vedette.example:80", `127.0.0.1:${port}`);

/** Each line for each pool: its text there, the port of the worker, and a name. */
const all = (lines, pools) =>
  Object.entries(lines).flatMap(([line, { text, port }]) =>
    pools.map((pool) => ({ text: placed(text, pool, port), port, name: id(line, pool) })),
  );

/** For each line `of(line, pool)`. */
const each = (lines, of) => Object.fromEntries(Object.entries(lines).map(([name, line]) => [name, (pool) => of(line, pool)]));

/** What is said by the name of a line, out of `of(name)`. */
const by = (lines, of) => Object.fromEntries(Object.keys(lines).map((line) => [line, (pool) => of(id(line, pool), pool)]));

/** Asks over a socket of the file system. */
const askSocket = (path, question) =>
  new Promise((resolve, reject) => {
    let text = "";
    const socket = connect(path, () => socket.end(question)).on("error", reject);
    socket.on("data", (chunk) => (text += chunk)).on("end", () => resolve(text));
  });

async function haproxy(lines, pools) {
  const home = folder("haproxy");
  const [listen, socket, file] = [await freePort(), join(home, "socket"), join(home, "haproxy.cfg")];
  const backend = ({ name, text, port }) => `backend ${name}\n${text}server vedette 127.0.0.1:${port} check inter 300ms fall 1 rise 1\n`;
  writeFileSync(
    file,
    `global
stats socket ${socket} level user
defaults
mode http
timeout connect 5s
timeout client 5s
timeout server 5s
timeout check 5s
frontend any
bind 127.0.0.1:${listen}
${all(lines, pools).map(backend).join("")}`,
  );
  await serve("HAProxy", listen, debian.haproxy.program, ["-db", "-f", file], { env: debian.haproxy.env });
  return by(lines, async (name) => {
    const row = (await askSocket(socket, "show stat\n")).split("\n").find((row) => row.startsWith(`${name},vedette,`));
    return row.split(",")[17].startsWith("UP") ? "up" : "down";
  });
}

async function varnish(lines, pools) {
  const listen = await freePort();
  const backends = all(lines, pools).map(({ name, text, port }) =>
    text
      .replace("backend shop", `backend ${name}`)
      .replace(".interval = 5s", ".interval = 300ms")
      .replace('.host = "vedette.example"', '.host = "127.0.0.1"; .host_header = "vedette.example"')
      .replace('"80"', `"${port}"`),
  );
  const asked = all(lines, pools).map(
    ({ name }) => `if (req.url == "/${name}") { if (std.healthy(${name})) { return (synth(200)); } return (synth(503)); }`,
  );
  await startVarnish(`import std;\n${backends.join("")}\nsub vcl_recv { ${asked.join("\n")} return (synth(404)); }`, listen);
  return by(lines, async (name) => ((await fetch(`http://127.0.0.1:${listen}/${name}`)).status === 200 ? "up" : "down"));
}

async function apache(lines, pools) {
  const listen = await freePort();
  // A name of an expression has at most 15 letters.
  const balancer = ({ name, text }, index) => [
    text
      .replace("balancer://shop", `balancer://${name.toLowerCase()}`)
      .replace("hcinterval=5", "hcinterval=1")
      .replace(/ProxyHCExpr (\w+)/, `ProxyHCExpr e${index}`)
      .replace(/hcexpr=\w+/, `hcexpr=e${index}`),
    `ProxyPass /${name}/ balancer://${name.toLowerCase()}/`,
  ];
  const modules = ["proxy", "proxy_http", "slotmem_shm", "lbmethod_byrequests", "proxy_balancer", "proxy_hcheck"];
  await startApache(modules, () => [`Listen 127.0.0.1:${listen}`, ...all(lines, pools).flatMap(balancer)], listen);
  // A member that is up passes the request on.
  return by(lines, async (name) => {
    const { status } = await fetch(`http://127.0.0.1:${listen}/${name}/livez`, { signal: AbortSignal.timeout(5000) });
    return { 200: "up", 503: "down" }[status] ?? String(status);
  });
}

/** The command that a line is, run by a shell; `says` has the words for what it ends with. */
const command = (tool, change, says) => (lines) =>
  each(lines, async ({ text, port }, pool) => {
    const { code, said } = await finished("sh", ["-c", change(placed(text, pool, port), port)], { env: tool.env });
    return says[code] ?? `${code}: ${said}`;
  });

const plugins = command(
  debian.monitoringPlugins,
  (text, port) => text.replace("check_http", debian.monitoringPlugins.program).replace("-p 80", `-p ${port} -I 127.0.0.1`),
  { 0: "up", 1: "warning", 2: "down" },
);
const wget = command(debian.wget, (text) => text.replace("wget ", `${debian.wget.program} `), { 0: "up", 8: "down" });
const curl = command({ env: process.env }, (text) => text, { 0: "up", 22: "down", 1: "down" });

async function blackbox(lines) {
  const listen = await freePort();
  const file = join(folder("blackbox"), "blackbox.yml");
  writeFileSync(
    file,
    `modules:\n${Object.values(lines)
      .map(({ text }) => text.replace("modules:\n", ""))
      .join("")}`,
  );
  const args = [`--config.file=${file}`, `--web.listen-address=127.0.0.1:${listen}`];
  await serve("the blackbox exporter", listen, debian.blackbox.program, args, { env: debian.blackbox.env });
  return each(lines, async ({ text, port }, pool) => {
    const [, module] = text.match(/^ {2}(\w+):/m);
    const target = encodeURIComponent(`http://127.0.0.1:${port}/health/${pool}`);
    const answer = await fetch(`http://127.0.0.1:${listen}/probe?module=${module}&target=${target}`);
    return { 1: "up", 0: "down" }[(await answer.text()).match(/^probe_success (\d)$/m)?.[1]];
  });
}

async function monit(lines, pools) {
  const home = folder("monit");
  const file = join(home, "monitrc");
  const check = ({ name, text, port }) =>
    text
      .replace("check host shop", `check host ${name}`)
      .replace("address vedette.example", "address 127.0.0.1")
      .replace("port 80", `port ${port}`);
  writeFileSync(
    file,
    `set daemon 1
set pidfile ${home}/pid
set idfile ${home}/id
set statefile ${home}/state
set httpd unixsocket ${home}/socket allow any:thing
${all(lines, pools).map(check).join("")}`,
  );
  chmodSync(file, 0o600);
  watchOver(debian.monit.program, ["-I", "-c", file], { env: debian.monit.env });
  const asked = async (name) => {
    const { said } = await finished(debian.monit.program, ["-B", "-c", file, "status", name], { env: debian.monit.env });
    return said.match(/^ {2}status +(.*)$/m)?.[1] ?? said;
  };
  await until("monit answers", async (see) => /OK|fail/.test(see(await asked(all(lines, pools)[0].name))));
  return by(lines, async (name) => {
    const status = await asked(name);
    return status === "OK" ? "up" : /fail/i.test(status) ? "down" : status;
  });
}

async function gdnsd(lines, pools) {
  const home = folder("gdnsd");
  for (const name of ["zones", "run", "state"]) mkdirSync(join(home, name));
  const dns = await freePort();
  const own = all(lines, pools);
  const types = own.map(({ name, text, port }) =>
    text
      .replace(/service_types => \{\n([\s\S]*)\}\n/, "$1")
      .replace("vedette =>", `${name} =>`)
      .replace("port => 80", `port => ${port}`)
      .replace("interval => 10", "interval => 3")
      .replace("timeout => 3", "timeout => 2"),
  );
  const resources = own.map(({ name }) => `${name} => { service_types => [ ${name} ], primary => 127.0.0.1, secondary => 127.0.0.2 }`);
  writeFileSync(
    join(home, "config"),
    `options => {
  run_dir => ${join(home, "run")}
  state_dir => ${join(home, "state")}
  listen => [ 127.0.0.1:${dns} ]
}
service_types => {
${types.join("")}
}
plugins => { simplefo => { ${resources.join("\n")} } }
`,
  );
  writeFileSync(
    join(home, "zones", "example.org"),
    `@ SOA a.example.org. b.example.org. 1 7200 1800 259200 900\n@ NS a\na A 127.0.0.1\n${own
      .map(({ name }) => `${name.toLowerCase().replaceAll("_", "-")} DYNA simplefo!${name}\n`)
      .join("")}`,
  );
  const program = debian.gdnsd.program;
  const child = watchOver(program, ["-c", home, "start"], { env: debian.gdnsd.env });
  const control = debian.gdnsd.path("usr/bin/gdnsdctl");
  const states = async () => JSON.parse((await finished(control, ["-c", home, "states"], { env: debian.gdnsd.env })).said);
  await until("gdnsd answers", async (see) => {
    see(child.said);
    return states().catch((error) => {
      throw new Error(`${error.message}: ${child.said}`);
    });
  });
  return by(lines, async (name) => {
    const entry = Object.entries(await states()).find(([key]) => key.startsWith("127.0.0.1/") && key.endsWith(`/${name}`));
    return entry?.[1].real_state.startsWith("UP") ? "up" : "down";
  });
}

/** By the name that the page has for it. */
export const checkers = {
  HAProxy: haproxy,
  Varnish: varnish,
  Apache: apache,
  "monitoring-plugins": plugins,
  "blackbox exporter": blackbox,
  monit,
  wget,
  curl,
  gdnsd,
};
