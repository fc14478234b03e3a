// Real caches between a probe and its origin. A healthy origin is never called failed, whatever a
// cache says of its copies. Once the origin is dead, its pool does not pass again, though the cache
// goes on to answer 200; once it is back, the pool passes where the cache lets it be seen. A tap
// before each cache shows that the cache really said what the test is about.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { freePort } from "../../scripts/lib/ports.mjs";
import { page as pageOf } from "../runtime/explained.mjs";
import { root, startWorker, until } from "../runtime/lib.mjs";
import { atEnd, endAll, mortal, startApache, startNginx, startSquid, startVarnish, tap } from "./lib.mjs";

/** As long does a verdict last without evidence. */
const TTL = 8;

let worker, tagged, plain;

/** What is told of an answer; a word that is to be seen is looked for in these lines. */
const told = ({ fields }) => fields.filter((line) => /^(x-cache|age|warning|x-varnish|cache-status|via)/i.test(line)).join("; ");

/**
 * One cache: what is to be seen of a living origin and, if it gives copies then, of a dead one, as
 * patterns of its lines.
 */
const caches = {
  "nginx-foreground": { shows: [/Status: MISS/, /Status: HIT/, /Status: REVALIDATED/], stale: /Status: STALE/ },
  "nginx-changing": { shows: [/Status: MISS/, /Status: HIT/, /Status: EXPIRED/], stale: /Status: STALE/ },
  // Every probe that would prove something is answered from the copy, and starts its renewal.
  "nginx-background": { shows: [/Status: MISS/, /Status: STALE/], stale: /Status: STALE/ },
  "nginx-twice": {
    shows: [/X-Cache: MISS; X-Cache: MISS/, /X-Cache: EXPIRED; X-Cache: EXPIRED/],
    stale: /X-Cache: STALE; X-Cache: EXPIRED/,
  },
  // The inner one confirms copies of the outer one, be its origin alive or not.
  "nginx-confirmed": { shows: [/X-Cache: MISS; X-Cache: REVALIDATED/], stale: /X-Cache: MISS; X-Cache: REVALIDATED/ },
  // Within its grace a copy is given before the origin is asked.
  "varnish-grace": { shows: [/X-Varnish: \d+ \d+; Age: [1-9]/], stale: /X-Varnish: \d+ \d+; Age: [1-9]/ },
  // The way of its manual: grace only while the origin is sick.
  "varnish-sick": { shows: [/X-Varnish: \d+; Age: 0/, /X-Varnish: \d+ \d+; Age: /], stale: /X-Varnish: \d+ \d+; Age: [1-9]/ },
  // A probe asks for an answer of now, and squid and Apache heed that unless they are told not to.
  squid: { shows: [/X-Cache: MISS/] },
  "squid-changing": { shows: [/X-Cache: MISS/, /X-Cache: HIT/], stale: /Warning: 111/ },
  // What was validated is a HIT with an age of 0, as is a copy of this second.
  "squid-confirmed": { shows: [/X-Cache: MISS/, /Age: 0; X-Cache: HIT/], stale: /Warning: 111/ },
  apache: { shows: [/X-Cache: (MISS|REVALIDATE)/] },
  "apache-detail": { shows: [/X-Cache: MISS/, /X-Cache: HIT/, /X-Cache: REVALIDATE/], stale: /X-Cache-Detail: .*stale content returned/ },
  "apache-plain": { shows: [/^$/, /Age: /], stale: /^Warning: 111/ },
};

/** What the page says of the pool behind each, while its origin lives and when it is dead. */
const page = readFileSync(join(root, "docs", "dialects.md"), "utf8");
const ROW = /^\| `([a-z-]+)` \| [^|]+ \| (pass|unknown) \| (fail|unknown) \|$/gm;
for (const [, name, alive, dead] of page.matchAll(ROW)) Object.assign(caches[name], { alive, dead });

const nginxCaches = (ports) => (home) =>
  `
proxy_cache_path ${home}/foreground keys_zone=foreground:1m;
proxy_cache_path ${home}/changing keys_zone=changing:1m;
proxy_cache_path ${home}/background keys_zone=background:1m;
proxy_cache_path ${home}/inner keys_zone=inner:1m;
proxy_cache_path ${home}/outer keys_zone=outer:1m;
proxy_cache_path ${home}/confirming keys_zone=confirming:1m;
proxy_cache_path ${home}/confirmed keys_zone=confirmed:1m;
proxy_cache_use_stale error timeout updating http_500 http_502 http_503 http_504;
proxy_cache_revalidate on;
${server(ports["nginx-foreground"], "foreground", tagged.port, "X-Cache-Status")}
${server(ports["nginx-changing"], "changing", plain.port, "X-Cache-Status")}
${server(ports["nginx-background"], "background", tagged.port, "X-Cache-Status", "proxy_cache_background_update on;")}
${server(ports.inner, "inner", plain.port, "X-Cache")}
${server(ports["nginx-twice"], "outer", ports.inner, "X-Cache")}
${server(ports.confirming, "confirming", tagged.port, "X-Cache")}
${server(ports["nginx-confirmed"], "confirmed", ports.confirming, "X-Cache")}`;

const server = (port, zone, target, field, more = "") => `server {
  listen 127.0.0.1:${port};
  location / {
    proxy_pass http://127.0.0.1:${target};
    proxy_cache ${zone};
    add_header ${field} $upstream_cache_status always;
    ${more}
  }
}`;

const backend = (port, more = "") => `backend origin { .host = "127.0.0.1"; .port = "${port}"; ${more} }`;

const GRACE = (port) => `${backend(port)}
sub vcl_backend_response { set beresp.grace = 1h; }`;

const SICK = (port) => `import std;
${backend(port, '.probe = { .url = "/"; .interval = 200ms; .timeout = 200ms; .window = 3; .threshold = 2; .initial = 2; }')}
sub vcl_recv { if (std.healthy(req.backend_hint)) { set req.grace = 0s; } }
sub vcl_backend_response { set beresp.grace = 1h; }
# The copy is given as well between the death of the origin and the moment at which that is known.
sub vcl_backend_error { return (abandon); }`;

const APACHE = ["proxy", "proxy_http", "cache", "cache_disk"];

/** Apache with one virtual host for each of these ports. */
const apacheCaches = (ports) => (home) => [
  `CacheRoot ${home}/cache`,
  ...[
    ["apache", ["CacheHeader on"]],
    ["apache-detail", ["CacheHeader on", "CacheDetailHeader on", "CacheIgnoreCacheControl on"]],
    ["apache-plain", ["CacheIgnoreCacheControl on"]],
  ].flatMap(([name, lines]) => [
    `Listen 127.0.0.1:${ports[name]}`,
    `<VirtualHost 127.0.0.1:${ports[name]}>`,
    "CacheEnable disk /",
    "CacheQuickHandler on",
    ...lines,
    `ProxyPass / http://127.0.0.1:${tagged.port}/`,
    "</VirtualHost>",
  ]),
];

/** Two seconds are some two probes: there are copies that hold, and copies that have expired. */
const cacheable = (validator) => (request, response) => {
  const fields = { "cache-control": "max-age=2", "content-type": "application/json", ...(validator && { etag: '"one"' }) };
  if (validator && request.headers["if-none-match"] === '"one"') response.writeHead(304, fields).end();
  else response.writeHead(200, fields).end('{"ok":true}');
};

before(async () => {
  tagged = await mortal(cacheable(true));
  plain = await mortal(cacheable(false));
  const ports = {};
  for (const name of [...Object.keys(caches), "inner", "confirming"]) ports[name] = await freePort();
  await startNginx(nginxCaches(ports), ports["nginx-foreground"]);
  await startVarnish(GRACE(tagged.port), ports["varnish-grace"]);
  await startVarnish(SICK(tagged.port), ports["varnish-sick"]);
  await startSquid(["refresh_pattern . 0 20% 1440"], ports.squid, tagged.port);
  await startSquid(["refresh_pattern . 0 20% 1440 ignore-reload"], ports["squid-changing"], plain.port);
  await startSquid(["refresh_pattern . 0 20% 1440 ignore-reload"], ports["squid-confirmed"], tagged.port);
  await startApache(APACHE, apacheCaches(ports), ports.apache);
  for (const [name, cache] of Object.entries(caches)) cache.tap = await tap(ports[name]);
  worker = await startWorker(configuration());
  atEnd(() => worker.stop());
});

after(endAll);

const configuration = () => {
  const pool = ([name, { tap }]) =>
    `[[pool]]\nname = "${name}"\nvote_ttl = "${TTL}s"\n[[pool.origin]]\nname = "only"\nurl = "http://127.0.0.1:${tap.port}"\n`;
  return `[defaults]
interval = "1s"
fast_interval = "1s"
timeout = "900ms"
fall = 3
rise = 2
vantages = ["weur"]
expect = { body_contains = "\\"ok\\":true" }
${Object.entries(caches).map(pool).join("")}`;
};

/** What a verdict became, newest first: no change is without its event. */
async function turns(name) {
  const events = new RegExp(` ${name}/only (\\w+) → (\\w+)`, "g");
  return [...(await pageOf(worker)).matchAll(events)].map(([, , to]) => to);
}

/** What is said of a pool, why, and what its cache answered last. */
async function explained(name) {
  const { checks } = await worker.json(`/health/${name}`);
  const { observedValue, output } = checks[`${name}/only:verdict`][0];
  return {
    status: observedValue,
    output,
    last: caches[name].tap
      .heads()
      .slice(-4)
      .map((head) => `${head.status} ${told(head)}`),
  };
}

const becomes = (name, wanted) => until(`${name} says ${wanted}`, async (see) => see(await explained(name)).status === wanted, 45_000);

async function still(name, wanted) {
  const seen = await explained(name);
  assert.equal(seen.status, wanted, JSON.stringify(seen));
}

/**
 * Waits until answers beyond the first `from` have shown all of these; they are the answers that
 * probes got.
 */
const shown = (name, patterns, from = 0) =>
  until(
    `${name} shows ${patterns}`,
    (see) => {
      const seen = caches[name].tap
        .heads()
        .slice(from)
        .filter(({ status }) => status === 200)
        .map(told);
      see([...new Set(seen.map((line) => line.replace(/\d{3,}/g, "N")))]);
      return patterns.every((pattern) => seen.some((line) => pattern.test(line)));
    },
    45_000,
  );

/** So many further probes are answered. */
const probes = (name, count) => {
  const from = caches[name].tap.heads().length;
  return until(`${count} probes of ${name}`, (see) => see(caches[name].tap.heads().length) >= from + count, 45_000);
};

const each = (body) => {
  for (const [name, cache] of Object.entries(caches)) test(name, () => body(name, cache));
};

test("the page has a row for each", () => {
  for (const [name, { alive, dead }] of Object.entries(caches)) assert.ok(alive && dead, name);
});

describe("an origin behind a cache", { concurrency: false }, () => {
  describe("that lives is never called failed", { concurrency: true }, () => {
    each(async (name, { alive, shows }) => {
      await shown(name, shows);
      await becomes(name, alive);
      // Long enough for what was proven to expire, were it proven only once.
      await probes(name, TTL + 2);
      await still(name, alive);
      assert.ok(!(await turns(name)).includes("fail"), String(await turns(name)));
    });
  });

  describe("that is dead does not pass", { concurrency: true }, () => {
    const marks = {};
    before(async () => {
      for (const origin of [tagged, plain]) await origin.kill();
      for (const name of Object.keys(caches)) marks[name] = { heads: caches[name].tap.heads().length, turns: (await turns(name)).length };
    });
    each(async (name, { dead, stale }) => {
      if (stale) await shown(name, [stale], marks[name].heads);
      await becomes(name, dead);
      const from = caches[name].tap.heads().length;
      await probes(name, TTL + 2);
      const answers = caches[name].tap.heads().slice(from);
      const good = answers.filter(({ status }) => status === 200).length;
      assert.equal(good > 0, Boolean(stale), `${good} of ${answers.length} answers are 200, out of a copy`);
      // A probe that got no answer in time has the right of it as well.
      const { status } = await explained(name);
      assert.ok([dead, "fail"].includes(status), status);
      const since = (await turns(name)).slice(0, -marks[name].turns || undefined);
      assert.ok(!since.includes("pass"), `since the death: ${since}`);
    });
  });

  describe("that is back is not called failed", { concurrency: true }, () => {
    before(async () => {
      for (const origin of [tagged, plain]) await origin.start();
    });
    each(async (name, { alive }) => {
      await becomes(name, alive);
      await probes(name, 3);
      await still(name, alive);
    });
  });
});
