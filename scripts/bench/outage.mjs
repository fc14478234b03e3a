// An origin that fails under load, behind our proxy, HAProxy and nginx: how many requests fail, and
// how long one waits at most. Each has two origins of its own of the same kind, the same timeouts
// and thresholds, and the same load.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "../lib/ports.mjs";
import { end, start } from "../lib/run.mjs";
import { haproxy, nginx } from "../lib/debian.mjs";
import { faults as common } from "./faults.mjs";
import { openLoop } from "./open-loop.mjs";
import { configured, originProcess, serveVedette, shop, until } from "./plain.mjs";

export const HOST = "shop.localhost";

/** How long an origin may take until its headers are there. */
export const PATIENCE_MS = 1000;

const put = (origin, mode) => fetch(`http://127.0.0.1:${origin.port}/mode/${mode}`, { method: "PUT" });

/** The faults. `spares` says which failures are no fault of a proxy. */
export const faults = {
  ...common,
  reset: { breaks: (origin) => put(origin, "reset"), mends: (origin) => put(origin, "ok"), spares: ({ begun }) => begun },
  slow: { breaks: (origin) => put(origin, "slow"), mends: (origin) => put(origin, "ok") },
};

/** Two origins of one's own. */
async function pair() {
  return [await originProcess(await freePort()), await originProcess(await freePort())];
}

/** Our proxy, before two origins of its own, or these. */
export async function vedetteProxy(built, origins) {
  const [primary, standby] = origins ?? (await pair());
  const route = `
[[route]]
host = "${HOST}"
pool = "shop"
timeout = "${PATIENCE_MS}ms"
retry = { status = ["500-504", "520-526"] }
`;
  const toml = shop([primary.port, standby.port]).replace('name = "shop"', 'name = "shop"\nmax_hold = "0s"');
  const worker = await serveVedette(configured(toml + route), built);
  const passes = async () => (await (await worker.get("/health/shop")).json()).status === "pass";
  return { name: "Vedette", port: Number(new URL(worker.url).port), primary, standby, passes, stop: () => worker.stop() };
}

/**
 * A proxy of Debian's that is started with a file of its own, before two origins of its own, or
 * these.
 */
async function started({ name, tool, args, text }, origins) {
  const [primary, standby] = origins ?? (await pair());
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), `vedette-${name}-`));
  const file = join(folder, "config");
  writeFileSync(file, text({ folder, port, primary, standby }));
  const child = start(tool.program, args(file, folder), { env: tool.env, stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  child.stderr.on("data", (chunk) => (said = (said + chunk).slice(-2000)));
  child.once("exit", (code) => code && console.error(`${name} ended (${code}):\n${said}`));
  const stop = () => end(child).then(() => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }));
  const passes = async () => (await fetch(`http://127.0.0.1:${port}/`)).status === 200;
  return { name, port, primary, standby, passes, stop };
}

const HAPROXY_PEER = {
  name: "HAProxy",
  tool: haproxy,
  args: (file) => ["-db", "-f", file],
  text: ({ port, primary, standby }) => `defaults
  mode http
  timeout connect ${PATIENCE_MS}ms
  timeout check 500ms
  timeout client 30s
  timeout server ${PATIENCE_MS}ms
  retries 2
  option redispatch 1
  retry-on conn-failure empty-response response-timeout 500 502 503 504
frontend in
  bind 127.0.0.1:${port}
  default_backend shop
backend shop
  http-request disable-l7-retry if METH_POST
  option httpchk GET /health
  http-check expect status 200-299
  default-server check inter 1s fall 2 rise 2 observe layer7 error-limit 3 on-error mark-down
  server primary 127.0.0.1:${primary.port}
  server standby 127.0.0.1:${standby.port} backup
`,
};

const NGINX_PEER = {
  name: "nginx",
  tool: nginx,
  args: (file, folder) => ["-c", file, "-p", folder, "-e", join(folder, "error.log")],
  text: ({ folder, port, primary, standby }) => `daemon off;
worker_processes 1;
pid ${join(folder, "pid")};
events { worker_connections 4096; }
http {
  access_log off;
  ${["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((kind) => `${kind}_temp_path ${join(folder, kind)};`).join("\n  ")}
  upstream shop {
    server 127.0.0.1:${primary.port} max_fails=3 fail_timeout=10s;
    server 127.0.0.1:${standby.port} backup;
    keepalive 64;
  }
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://shop;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_connect_timeout ${PATIENCE_MS}ms;
      proxy_read_timeout ${PATIENCE_MS}ms;
      proxy_next_upstream error timeout http_500 http_502 http_503 http_504;
      proxy_next_upstream_tries 2;
    }
  }
}
`,
};

export const haproxyProxy = (origins) => started(HAPROXY_PEER, origins);
export const nginxProxy = (origins) => started(NGINX_PEER, origins);

/** One fault under load: every outcome, and the orders that an origin was sent twice. */
export async function underLoad(proxy, fault, { rate = 300, before = 2, during = 5, after = 3 } = {}) {
  const { breaks, mends } = faults[fault];
  await until(`${proxy.name} is content`, proxy.passes);
  const load = openLoop({ port: proxy.port, host: HOST, rate, seconds: before + during + after });
  const pause = (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  await pause(before);
  await breaks(proxy.primary);
  await pause(during);
  await mends(proxy.primary);
  const outcomes = await load;
  const twice = [];
  const orders = await Promise.all(
    [proxy.primary, proxy.standby].map(async ({ port }) => (await fetch(`http://127.0.0.1:${port}/orders`)).json()),
  );
  for (const order of new Set(orders.flatMap(Object.keys))) {
    const times = orders.reduce((sum, own) => sum + (own[order] ?? 0), 0);
    if (times > 1) twice.push(order);
  }
  return { outcomes, twice };
}

/** What came of a run, counted. */
export function counted({ outcomes, twice }, fault) {
  const spares = faults[fault].spares ?? (() => false);
  const of = (method) => outcomes.filter((one) => one.method === method);
  const failed = (method) => of(method).filter((one) => !one.good && !spares(one));
  return {
    gets: of("GET").length,
    failed: failed("GET").length,
    broken: of("GET").filter((one) => !one.good && spares(one)).length,
    posts: of("POST").length,
    failedPosts: failed("POST").length,
    twice: twice.length,
    longest: Math.max(...of("GET").map(({ ms }) => ms)),
    overHalf: of("GET").filter(({ ms }) => ms > 500).length,
  };
}

export async function outage({ faults: rounds = 3 }) {
  await haproxy.bring();
  await nginx.bring();
  const proxies = [];
  const lines = [];
  try {
    for (const one of [vedetteProxy, haproxyProxy, nginxProxy]) proxies.push(await one());
    for (const fault of Object.keys(faults)) {
      const all = proxies.map(() => []);
      for (let round = 0; round < rounds; round += 1) {
        for (const [at, proxy] of proxies.entries()) all[at].push(counted(await underLoad(proxy, fault), fault));
      }
      for (const [at, { name }] of proxies.entries()) {
        const sum = (of) => all[at].reduce((sum, one) => sum + one[of], 0);
        const longest = Math.max(...all[at].map((one) => one.longest));
        console.log(
          `[outage] ${fault}, ${name}: ${sum("failed")} of ${sum("gets")} GETs failed, ${sum("broken")} broken off after they had begun, ` +
            `${sum("failedPosts")} of ${sum("posts")} POSTs failed, ${sum("twice")} sent twice; longest wait ${(longest / 1000).toFixed(2)} s, ${sum("overHalf")} over 0.5 s`,
        );
        lines.push(
          `outage ${fault}, ${name}, failed GETs: ${sum("failed")}`,
          `outage ${fault}, ${name}, longest wait in s: ${(longest / 1000).toFixed(2)}`,
        );
      }
    }
    return lines;
  } finally {
    for (const { primary } of proxies) {
      try {
        // What is stopped does not end by itself.
        process.kill(primary.pid, "SIGCONT");
      } catch {
        // It is gone already.
      }
    }
    await Promise.all(proxies.flatMap((proxy) => [proxy, proxy.primary, proxy.standby]).map((one) => one.stop()));
  }
}
