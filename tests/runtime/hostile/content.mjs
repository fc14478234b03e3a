// Origins whose messages are well formed and whose content is not what it says: encodings, texts,
// health documents, cache fields, timings. What each leads to stands in docs/hostile-origins.md.

import { brotliCompressSync, constants, deflateRawSync, gzipSync } from "node:zlib";
import { answer, body, says } from "./double.mjs";

const ok = (fields, content = body) => says(answer("200 OK", fields, content));
const encoded = (coding, content) => ok([`Content-Encoding: ${coding}`], content);

/**
 * A gzip member of `megabytes` zeros: one compressed megabyte, repeated. Its checksum is wrong,
 * which nobody lives to see.
 */
function bomb(megabytes) {
  const gzipHead = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]);
  const megabyte = deflateRawSync(Buffer.alloc(1024 * 1024), { level: 9, finishFlush: constants.Z_FULL_FLUSH });
  return Buffer.concat([gzipHead, ...Array(megabytes).fill(megabyte), Buffer.from([3, 0, ...Array(8).fill(0)])]);
}

export const encodings = {
  "gzip-in-truth": { act: encoded("gzip", gzipSync(body)) },
  "gzip-bomb": { act: encoded("gzip", bomb(1100)) },
  "brotli-bomb": { act: encoded("br", brotliCompressSync(Buffer.alloc(64 * 1024 * 1024))) },
  "gzip-in-name-only": { act: encoded("gzip", body) },
  "gzip-cut-short": { act: encoded("gzip", gzipSync(body).subarray(0, 20)) },
  "gzip-twice": { act: encoded("gzip, gzip", gzipSync(gzipSync(body))) },
  "gzip-unsaid": { act: ok([], gzipSync(body)) },
  "encoding-unknown": { act: encoded("snappy", body) },
  "not-utf-8": { act: ok([], Buffer.concat([Buffer.from([0xff, 0xfe, 0xc3]), Buffer.from(body)])) },
  "not-utf-8-and-no-expectation": { act: ok([], Buffer.from([0xff, 0xfe, 0xc3, 0x28])), expect: "{}" },
  "not-utf-8-and-not-the-text": { act: ok([], Buffer.from([0xff, 0xfe, 0xc3, 0x28])) },
  "json-not-utf-8": { act: ok([], Buffer.from('{"ok":true,"name":"\xff\xfe"}', "latin1")), expect: '{ json = { "/ok" = true } }' },
};

const document = (content, status = "200 OK") => says(answer(status, ["Content-Type: application/health+json"], content));
const json = (content) => ({ act: ok(["Content-Type: application/json"], content), expect: '{ json = { "/ok" = true } }' });
// Left open, so that no parser may take it, however deep it goes.
const nested = (depth) => "[".repeat(depth);

export const bodies = {
  "document-fails-with-200": { act: document('{"status":"fail"}'), expect: "{}" },
  "document-fails-in-capitals": {
    act: ok(["Content-Type: Application/Health+JSON; charset=utf-8"], '{"status":"FAIL"}'),
    expect: "{}",
  },
  "document-warns": { act: document('{"status":"warn"}'), expect: "{}" },
  "document-passes-with-503": { act: document('{"status":"pass"}', "503 Service Unavailable"), expect: "{}" },
  "document-says-nonsense": { act: document('{"status":"splendid"}'), expect: "{}" },
  "document-is-no-json": { act: document("<html>pass</html>"), expect: "{}" },
  "document-in-depth": { act: document(nested(60_000)), expect: "{}" },
  "document-of-an-actuator": { act: ok(["Content-Type: application/json"], '{"status":"DOWN"}'), expect: "{}" },
  "document-of-a-request": { act: ok(["Content-Type: application/json"], '{"status":"error"}'), expect: "{}" },
  "document-with-a-byte-order-mark": { act: document('\ufeff{"status":"fail"}'), expect: "{}" },
  "json-in-depth": json(nested(60_000)),
  "json-too-deep": json(`{"ok":true,"deep":${"[".repeat(127)}${"]".repeat(127)}}`),
  "json-as-deep-as-is-read": json(`{"ok":true,"deep":${"[".repeat(126)}${"]".repeat(126)}}`),
  "json-in-depth-of-100000": json(nested(100_000)),
  "json-with-equal-keys": json('{"ok":true,"ok":false}'),
  "json-nan": json('{"ok":NaN}'),
  "json-number-huge": json('{"ok":1e999}'),
  "json-number-of-60000-digits": json(`{"ok":${"9".repeat(60_000)}}`),
  "json-true-as-text": json('{"ok":"true"}'),
  "json-followed-by-more": json('{"ok":true} and more'),
  "json-is-html": json("<html>ok</html>"),
  "json-is-empty": json(""),
};

const cached = (...fields) => ({ act: ok(fields) });

export const caches = {
  "cf-cache-status-hit": cached("CF-Cache-Status: HIT"),
  "cf-cache-status-stale": cached("CF-Cache-Status: STALE"),
  "cf-cache-status-updating": cached("CF-Cache-Status: UPDATING"),
  "cf-cache-status-miss": cached("CF-Cache-Status: MISS", "Age: 100"),
  "cf-cache-status-expired": cached("CF-Cache-Status: EXPIRED"),
  "cf-cache-status-dynamic": cached("CF-Cache-Status: DYNAMIC"),
  "cache-status-hit": cached("Cache-Status: edge; hit; ttl=30"),
  "cache-status-stale": cached("Cache-Status: edge; hit; ttl=-30"),
  "cache-status-forwarded": cached("Cache-Status: inner; hit, edge; fwd=uri-miss; stored"),
  "x-cache-hit": cached("X-Cache: Hit from cloudfront"),
  "x-cache-stale": cached("X-Cache: STALE"),
  "x-cache-updating": cached("X-Cache: UPDATING"),
  "x-cache-miss": cached("X-Cache: MISS"),
  "age-of-100": cached("Age: 100"),
  "age-of-0": cached("Age: 0"),
  "age-absurd": cached(`Age: ${"9".repeat(60)}`),
  "warning-111": cached("CF-Cache-Status: MISS", 'Warning: 111 - "Revalidation Failed"'),
  "cache-status-fwd-status": cached("Cache-Status: edge; fwd=stale; fwd-status=503"),
  "x-cache-inner-miss": cached("X-Cache: MISS", "X-Cache: REVALIDATED"),
  "cache-fields-of-nonsense": cached("CF-Cache-Status: \x01", "Cache-Status: ;;;,,", "X-Cache: \xff", "Age: -1"),
};

const timed = (field) => ({ act: ok([`Server-Timing: ${field}`]), expect: '{ max_db_calls = 20, max_db_time = "500ms" }' });

export const timings = {
  "timing-plain": timed('db;dur=12;desc="3"'),
  "timing-over": timed('db;dur=12;desc="21"'),
  "timing-negative": timed('db;dur=-12;desc="-3"'),
  "timing-nan": timed('db;dur=NaN;desc="3"'),
  "timing-infinite": timed('db;dur=Infinity;desc="3"'),
  "timing-1e308": timed('db;dur=1e308;desc="3"'),
  "timing-calls-huge": timed('db;dur=12;desc="99999999999999999999"'),
  "timing-10000-entries": timed(`${"x,".repeat(10_000)}db;dur=12;desc="3"`),
  "timing-quote-unended": timed('app;desc="then, db;dur=12;desc=3'),
  "timing-with-commas-in-quotes": timed('app;desc="one, db;dur=900", db;desc="3 calls, 2 cached";dur=12'),
  "timing-of-nonsense": timed(";;=,=;db=;;dur;db;dur=;desc"),
};

const metrics = (field) => ({ act: ok([`Server-Timing: ${field}`]), expect: '{ timings = ["render", "queue"] }' });

export const named = {
  "metric-plain": metrics("render;dur=12.345, queue;dur=3"),
  "metric-in-any-case": metrics("RENDER;DUR=5"),
  "metric-twice": metrics("render;dur=1, queue;dur=4, render;dur=2.5"),
  "metric-without-a-time": metrics('render;desc="5", queue'),
  "metric-negative": metrics("render;dur=-1, queue;dur=1"),
  "metric-nan": metrics("render;dur=NaN, queue;dur=Infinity"),
  "metric-of-two-days": metrics("render;dur=172800000"),
  "metric-of-two-half-days-and-more": metrics("render;dur=50000000, render;dur=50000000"),
  "metric-in-a-description": metrics('app;desc="then, render;dur=5", queue;dur=2'),
  "metric-after-64-others": metrics(`${"x;dur=1,".repeat(64)}render;dur=5`),
  "metric-of-nonsense": metrics("render;dur==5;;, =render, ;dur=1, queue;;dur"),
};
