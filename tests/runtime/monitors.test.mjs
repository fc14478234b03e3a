// Sites that have nothing to do with each other, each watched and told by itself: in real workerd,
// one of them breaks, and page, health, message and command line say so in words of its own.

import assert from "node:assert/strict";
import { createHmac, randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { axeFinds, browser, open, overflows } from "./browser.mjs";
import { answers, origin, startWorker, until } from "./lib.mjs";
import { receiver } from "./receivers.mjs";

const folder = mkdtempSync(join(tmpdir(), "vedette-monitors-"));
const jobKey = randomBytes(16).toString("hex");
const sites = {};
let inbox, worker, chrome;

/** Names, titles and groups of five sites. */
const SITES = {
  memo: ["Memo (EU)", "Products"],
  "memo-us": ["Memo (US)", "Products"],
  docs: ["文档 <b>", "Products"],
  wiki: ["ويكي 2", "Inside"],
  blog: ["Blog", null],
};

const monitor = ([name, [title, group]]) => `
[[monitor]]
name = "${name}"
title = "${title}"
${group ? `group = "${group}"` : ""}
description = "What ${name} is"
link = "https://${name}.example.com/?a=1&b=2"
tags = ["team-a", "<i>"]
url = "http://127.0.0.1:${sites[name].port}"
probe = { path = "/${name}" }
`;

before(async () => {
  const key = `whsec_${randomBytes(24).toString("base64")}`;
  const file = join(folder, "secrets");
  writeFileSync(file, `KEY=${key}\nHEARTBEAT_KEY=${jobKey}\n`);
  for (const name of Object.keys(SITES)) sites[name] = name === "memo-us" ? sites.memo : await origin(answers.ok);
  inbox = await receiver(key);
  worker = await startWorker(
    `public_url = "https://status.example.com"
heartbeat_secret = "HEARTBEAT_KEY"

[defaults]
interval = "1s"
fast_interval = "1s"
timeout = "500ms"
fall = 2
rise = 2
vantages = ["paris", "enam"]

[page]
title = "Orchard status"
logo = "data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 8 8'><circle cx='4' cy='4' r='4'/></svg>"
links = [{ text = "Support", url = "mailto:help@example.com" }]
language = "de-CH"
time_zone = "Asia/Tokyo"
groups = ["Inside", "Products"]
order = ["docs"]

[[vantage]]
name = "paris"
hint = "weur"
title = "Paris, France"
${Object.entries(SITES).map(monitor).join("")}
[[monitor]]
name = "backup"
title = "Nightly backup"
group = "Inside"
kind = "heartbeat"
period = "1h"

[[notify]]
name = "ops"
title = "The ones on call"
kind = "webhook"
url = "${inbox.url}"
secret = "KEY"
`,
    { env: { VEDETTE_SECRETS: file } },
  );
  chrome = await browser();
  await until("every site passes", async (see) => {
    const all = Object.keys(SITES).map((name) => worker.text(`/health/${name}?format=text`));
    return see(await Promise.all(all)).every((word) => word === "pass\n");
  });
});

after(async () => {
  await chrome?.close();
  await worker?.stop();
  for (const one of new Set([...Object.values(sites), inbox])) await one?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** The page without its tags. */
const read = async () => (await worker.text("/")).replace(/<[^>]*>/g, "");

test("the page has title, logo, links and headings in their order, and each monitor by its title", async () => {
  const page = await worker.text("/");
  assert.match(page, /<title>Everything passes; Nightly backup has not reported yet · Orchard status<\/title>/);
  assert.match(page, /<img class="logo" src="data:image\/svg\+xml,&lt;svg xmlns='/);
  assert.match(page, /<a href="mailto:help@example.com" rel="noopener noreferrer"><bdi>Support<\/bdi><\/a>/);
  const headings = [...page.matchAll(/<h2 id="(?:group|pools)[^>]*><bdi>([^<]*)/g)].map(([, text]) => text);
  assert.deepEqual(headings, ["Inside", "Products", "Monitors"]);
  const order = [...page.matchAll(/<details id="pool-([^"]*)"/g)].map(([, name]) => name);
  assert.deepEqual(order, ["backup", "wiki", "docs", "memo", "memo-us", "blog"], "what does not pass first, then as written");
  assert.ok(page.includes("<bdi>文档 &lt;b&gt;</bdi>") && page.includes("<li><bdi>&lt;i&gt;</bdi></li>"), "what people wrote is text");
  assert.ok(page.includes('href="https://memo.example.com/?a=1&amp;b=2"'));
  assert.ok(page.includes("What memo is") && page.includes("6 monitors. As of"));
  assert.doesNotMatch(page, /[Tt]raffic|signal|[Ff]ailover|route\//);
});

test("a monitor has health under its name, and neither a signal nor a stream", async () => {
  const { headers } = await worker.get("/health/memo");
  assert.equal(headers.get("vedette-status"), "pass");
  const whole = await worker.json("/health");
  assert.deepEqual(
    Object.keys(whole.checks).filter((name) => name.startsWith("memo")),
    ["memo:verdict", "memo-us:verdict", "memo/memo:verdict", "memo-us/memo-us:verdict"],
  );
  assert.equal(whole.checks["memo:verdict"][0].output, "it passes");
  for (const path of ["/route/memo", "/route/memo?format=text", "/v1/stream/memo", "/route/backup"]) {
    const answer = await worker.get(path);
    assert.equal(answer.status, 404, path);
    assert.match((await answer.json()).detail, /^This is a monitor, which stands in for nobody/);
  }
});

test("the same host is probed as often as it is named, each time at its own path", () => {
  const paths = new Set(sites.memo.requests.map(({ path }) => path));
  assert.deepEqual([...paths].sort(), ["/memo", "/memo-us"]);
});

test("one that breaks is told by itself, in words of its own", async () => {
  sites.memo.answer = (request, response) => (request.url === "/memo-us" ? answers.ok(request, response) : response.writeHead(500).end());
  const [told] = await until("it is told", (see) => see(inbox.messages).length > 0 && inbox.messages, 30_000);
  const [news] = told.json.data.news;
  assert.deepEqual(
    [told.json.type, told.json.data.title, news.kind, news.subject, news.title, news.traffic, news.health],
    ["vedette.pool.fail", "Memo (EU) is down", "fail", "pool/memo", "Memo (EU)", undefined, "https://status.example.com/health/memo"],
  );
  assert.match(told.json.data.text, /^Memo \(EU\) is down since [^ ]*: \d of \d vantages: .*status 500 is not expected/);
  assert.doesNotMatch(told.body, /[Tt]raffic: |signal|serves/);
  const text = await until("the page says so", async (see) => {
    const text = await read();
    return see(text).includes("Memo (EU) is down") && text;
  });
  assert.match(text, /Products 1 of 3/);
  assert.match(text, /Memo \(EU\)fail for \d+ s so far/, "the row of the outage");
  assert.equal(await worker.text("/health/memo-us?format=text"), "pass\n");
  assert.equal((await worker.get("/health/memo")).status, 503);
});

test("its end is told, too", async () => {
  sites.memo.answer = answers.ok;
  const title = await until("its end is told", (see) => see(inbox.messages).length > 1 && inbox.messages.at(-1).json.data.title, 90_000);
  assert.match(title, /^Memo \(EU\) recovered after (\d+m ?)?(\d+s)?: it was down$/);
});

test("a job is a monitor, and reports under its own name", async () => {
  const mac = createHmac("sha256", jobKey).update("vedette heartbeat v1 backup/backup").digest("base64url");
  assert.equal((await worker.get(`/v1/heartbeat/backup.backup.${mac}`, { method: "POST" })).status, 204);
  await until("it passes", async (see) => see(await worker.text("/health/backup?format=text")) === "pass\n");
  assert.match(await read(), /Everything passes(?!;)/);
});

for (const [colorScheme, width] of [
  ["light", 320],
  ["dark", 1280],
]) {
  test(`nothing is amiss in ${colorScheme} at ${width} px, and dates are in its language and zone`, async (t) => {
    const context = await chrome.newContext({ colorScheme, viewport: { width, height: 800 } });
    t.after(() => context.close());
    const page = await open(context, worker.url);
    await page.locator("details").evaluateAll((all) => all.forEach((one) => (one.open = true)));
    assert.deepEqual([await axeFinds(page), await overflows(page), page.complaints], [[], false, []]);
    const shown = await page.locator(".state time:not(.ago)").textContent();
    const iso = await page.locator(".state time:not(.ago)").getAttribute("datetime");
    const wanted = new Intl.DateTimeFormat("de-CH", { timeZone: "Asia/Tokyo", hour: "2-digit", minute: "2-digit", second: "2-digit" });
    assert.ok(shown.startsWith(wanted.format(new Date(iso))) && !shown.includes("UTC"), shown);
    assert.equal(await page.locator(".logo").evaluate((logo) => logo.complete && logo.naturalWidth > 0), true, "the logo is seen");
  });
}

test("without JavaScript times are in UTC", async (t) => {
  const context = await chrome.newContext({ javaScriptEnabled: false });
  t.after(() => context.close());
  const page = await context.newPage();
  await page.goto(worker.url);
  assert.match(await page.locator(".state time:not(.ago)").textContent(), /^\d\d:\d\d:\d\d UTC$/);
});
