// What the tests with real caches share: an origin that can be killed and started again, a tap on a
// connection, and the caches. Each is on loopback, has its own folder, and ends with the test.

import { chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { connect, createServer as createListener } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { apache, nginx, squid, varnish } from "../../scripts/lib/debian.mjs";
import { freePort } from "../../scripts/lib/ports.mjs";
import { finished, program, until } from "../runtime/lib.mjs";

/** What is ended when the test ends, the last first. */
const ends = [];

/** Has `end` called at the end of the test, before what was registered earlier. */
export const atEnd = (end) => ends.push(end);

export async function endAll() {
  for (const end of ends.splice(0).reverse()) await end();
}

/** A temporary folder. */
export function folder(name) {
  const path = mkdtempSync(join(tmpdir(), `vedette-${name}-`));
  atEnd(() => rmSync(path, { recursive: true, force: true, maxRetries: 5 }));
  return path;
}

/** Whether something listens on a port. */
const listens = (port) =>
  new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => resolve(true)).on("error", () => resolve(false));
    socket.on("connect", () => socket.destroy());
  });

/** Starts a program that the end of the test ends. */
export function watchOver(command, args, options) {
  const child = program(command, args, options);
  atEnd(() => child.stop());
  return child;
}

/** Starts a program that the end of the test ends, and waits until it listens on its port. */
export async function serve(name, port, command, args, options) {
  const child = watchOver(command, args, options);
  const hasEnded = child.ended.then(() => {
    throw new Error(`${name} has ended: ${child.said}`);
  });
  const isThere = until(
    `${name} listens`,
    async (see) => {
      see(child.said.slice(-1500));
      return listens(port);
    },
    30_000,
  );
  hasEnded.catch(() => {});
  await Promise.race([isThere, hasEnded]);
  return child;
}

/**
 * An origin on one port that can be killed and started again; `answer(request, response)` may be
 * replaced.
 */
export async function mortal(answer) {
  const self = { answer, port: await freePort() };
  let server;
  self.start = () => {
    server = createServer((request, response) => self.answer(request, response));
    return new Promise((resolve, reject) => server.once("error", reject).listen(self.port, "127.0.0.1", resolve));
  };
  /** From now on nothing listens there. */
  self.kill = () => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  };
  await self.start();
  atEnd(() => self.kill());
  return self;
}

/**
 * Passes on connections to a port, byte for byte; `heads()` has the answers that went through so
 * far, without their bodies.
 */
export async function tap(target) {
  const streams = [];
  const sockets = new Set();
  const server = createListener((client) => {
    const seen = { asked: "", text: "" };
    streams.push(seen);
    const upstream = connect(target, "127.0.0.1");
    upstream.on("data", (bytes) => (seen.text += bytes.toString("latin1")));
    client.on("data", (bytes) => (seen.asked += bytes.toString("latin1")));
    client.pipe(upstream).pipe(client);
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ]) {
      sockets.add(socket);
      socket.on("error", () => other.destroy());
      socket.on("close", () => (sockets.delete(socket), other.destroy()));
    }
  });
  const port = await freePort();
  await new Promise((resolve) => server.listen(port, "127.0.0.1", resolve));
  atEnd(() => {
    sockets.forEach((socket) => socket.destroy());
    return new Promise((resolve) => server.close(resolve));
  });
  // On one connection answers come in the order of their requests.
  const answersOf = ({ asked, text }) => {
    const paths = [...asked.matchAll(/^[A-Z]+ (\S+) HTTP\/1\.\d\r$/gm)];
    const heads = [...text.matchAll(/HTTP\/1\.\d (\d+)[^\r]*\r\n(.*?)\r\n\r\n/gs)];
    return heads.map(([, status, fields], at) => ({ path: paths[at]?.[1], status: Number(status), fields: fields.trim().split("\r\n") }));
  };
  const heads = () => streams.flatMap(answersOf);
  return { port, heads };
}

/** nginx with this within `http`. */
export async function startNginx(http, port) {
  const home = folder("nginx");
  const conf = join(home, "nginx.conf");
  const paths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((name) => `${name}_temp_path ${home}/${name};`);
  const user = process.getuid() === 0 ? "user root;" : "";
  const lines = [user, "worker_processes 1;", `pid ${home}/pid;`, "events {}", "http {", "access_log off;", ...paths, http(home), "}"];
  writeFileSync(conf, `${lines.join("\n")}\n`);
  const args = ["-p", home, "-e", "stderr", "-c", conf, "-g", "daemon off;"];
  return serve("nginx", port, nginx.program, args, { env: nginx.env });
}

/** Varnish with this configuration. */
export async function startVarnish(vcl, port) {
  const home = folder("varnish");
  const file = join(home, "default.vcl");
  writeFileSync(file, `vcl 4.1;\n${vcl}`);
  const vmods = varnish.isUnpacked ? ["-p", `vmod_path=${varnish.library("varnish", "vmods")}`] : [];
  const args = ["-F", "-j", "none", "-n", join(home, "work"), "-f", file, "-a", `127.0.0.1:${port}`, "-s", "malloc,8m", ...vmods];
  // It compiles its configuration before it listens.
  return serve("Varnish", port, varnish.program, args, { env: varnish.env });
}

const NOBODY = 65534;

/** squid as an accelerator of the port of an origin. */
export async function startSquid(lines, port, target) {
  const home = folder("squid");
  const conf = join(home, "squid.conf");
  // It refuses to go on as root.
  const asRoot = process.getuid() === 0;
  const own = squid.isUnpacked
    ? [
        `mime_table ${squid.path("usr/share/squid/mime.conf")}`,
        `icon_directory ${squid.path("usr/share/squid/icons")}`,
        `error_directory ${squid.path("usr/share/squid/errors/templates")}`,
        `unlinkd_program ${squid.path("usr/lib/squid/unlinkd")}`,
      ]
    : [];
  const text = [
    `http_port 127.0.0.1:${port} accel defaultsite=origin.example no-vhost`,
    `cache_peer 127.0.0.1 parent ${target} 0 no-query originserver no-digest`,
    "http_access allow all",
    "cache_mem 8 MB",
    "memory_cache_shared off",
    "pinger_enable off",
    "access_log none",
    `cache_log ${home}/cache.log`,
    "visible_hostname squid.example",
    `pid_filename ${home}/pid`,
    `coredump_dir ${home}`,
    "shutdown_lifetime 0 seconds",
    ...(asRoot ? ["cache_effective_user nobody"] : []),
    ...own,
    ...lines,
  ];
  writeFileSync(conf, `${text.join("\n")}\n`);
  if (asRoot) chownSync(home, NOBODY, NOBODY);
  return serve("squid", port, squid.program, ["-N", "-n", `vedette${port}`, "-f", conf], { env: squid.env });
}

/** Apache with these modules and lines. */
export async function startApache(modules, lines, port) {
  const home = folder("apache");
  mkdirSync(join(home, "cache"));
  const conf = join(home, "httpd.conf");
  const load = ["mpm_event", "authz_core", ...modules].map(
    (name) => `LoadModule ${name}_module ${apache.path("usr/lib/apache2/modules", `mod_${name}.so`)}`,
  );
  const text = [
    `ServerRoot ${home}`,
    ...load,
    `PidFile ${home}/pid`,
    "ServerName apache.example",
    `DefaultRuntimeDir ${home}`,
    `ErrorLog ${home}/error.log`,
    ...lines(home),
  ];
  writeFileSync(conf, `${text.join("\n")}\n`);
  return serve("Apache", port, apache.program, ["-f", conf, "-DFOREGROUND"], { env: apache.env });
}

/** The first line of what a program says of its version. */
export async function version(tool, ...args) {
  const { said } = await finished(tool.program, args, { env: tool.env });
  return said.trim().split("\n")[0];
}
