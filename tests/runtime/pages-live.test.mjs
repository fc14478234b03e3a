// Pages while something happens, in workerd with real origins: what people note reaches customers,
// nothing that is read jumps, the keyboard reaches everything, and no request leaves the host.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { browser, byKeyboard, open } from "./browser.mjs";
import { answers, origin, person, startWorker, until } from "./lib.mjs";

const { token, entry } = person("ada");
const folder = mkdtempSync(join(tmpdir(), "vedette-pages-"));
let memo, worker, chrome;

before(async () => {
  memo = await origin(answers.ok);
  const secrets = join(folder, "secrets");
  writeFileSync(secrets, `ADMIN=${entry}\n`);
  const url = (path) => `url = "http://127.0.0.1:${memo.port}/${path}"`;
  worker = await startWorker(
    `public_url = "https://status.example.com"
[access]
admin_tokens = "ADMIN"
api = "public"
[defaults]
interval = "1s"
fast_interval = "1s"
timeout = "500ms"
fall = 2
rise = 1
vantages = ["weur", "enam"]
[[monitor]]
name = "memo"
title = "Memo (EU)"
${url("memo")}
[[monitor]]
name = "veiled"
title = "Unseen"
public = false
${url("veiled")}
[[pool]]
name = "shop"
${["primary", "standby"].map((name) => `[[pool.origin]]\nname = "${name}"\n${url(name)}`).join("\n")}
`,
    { build: ".vedette/build-trap", env: { VEDETTE_SECRETS: secrets } },
  );
  chrome = await browser();
  await until("everything passes", async (see) => see(await worker.text("/health?format=text")) === "pass\n", 30_000);
});

after(async () => {
  await chrome?.close();
  await worker?.stop();
  await memo?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/**
 * Cumulative Layout Shift (web.dev/articles/cls): the worst burst of shifts, each within 1 s of the
 * last and all within 5 s.
 */
function worst(shifts) {
  let [most, sum, first, last] = [0, 0, Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const [at, value] of shifts) {
    if (at - last > 1000 || at - first > 5000) [sum, first] = [0, at];
    [sum, last] = [sum + value, at];
    most = Math.max(most, sum);
  }
  return most;
}

/** Opens a page that notes how far what is read has jumped without the reader's doing. */
async function watched(t, path, viewport = DESK) {
  const context = await chrome.newContext({ viewport });
  t.after(() => context.close());
  await context.addInitScript(() => {
    window.jumped = [];
    // A notice, such as that a vantage is silent, has to be read before what stands below it.
    let notices = 0;
    let noticed = Number.NEGATIVE_INFINITY;
    const look = () => {
      const now = document.querySelectorAll("main .notice").length;
      if (now !== notices) noticed = performance.now();
      notices = now;
    };
    new MutationObserver(look).observe(document, { childList: true, subtree: true });
    const note = (list) =>
      list
        .getEntries()
        .filter(({ hadRecentInput, startTime }) => !hadRecentInput && Math.abs(startTime - noticed) > 500)
        .forEach(({ value, startTime }) => window.jumped.push([startTime, value]));
    new PerformanceObserver(note).observe({ type: "layout-shift", buffered: true });
  });
  const page = await open(context, `${worker.url}${path}`);
  page.jumped = async () => worst(await page.evaluate(() => window.jumped));
  return page;
}

const readText = (page) => page.locator("main").innerText();
const shows = (page, wanted) => until(`${page.url()} shows ${wanted}`, async (see) => wanted.test(see(await readText(page))), 40_000);

const incidents = async () => (await worker.json("/v1/incidents?pool=memo")).incidents;

async function note(id, text) {
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  const { status } = await worker.get(`/v1/incidents/${id}/notes`, { method: "POST", headers, body: JSON.stringify({ text }) });
  assert.equal(status, 201);
}

const DESK = { width: 1024, height: 768 };
const PHONE = { width: 390, height: 780 };
const PAGES = ["/incidents", "/monitor/memo", "/pool/shop", "/pool/shop/primary"];
const HOSTILE = "We make <b>room</b>.\n<script>alert(1)</script>";

test("nothing that is read jumps while an incident comes, is noted of and goes", { timeout: 240_000 }, async (t) => {
  const pages = await Promise.all(PAGES.map((path) => watched(t, path)));
  const status = await Promise.all([watched(t, "/status"), watched(t, "/status", PHONE)]);
  const [customers] = status;
  assert.match(await readText(customers), /No incident is open[\s\S]*Nothing in the last 14 days/);

  memo.answer = answers.broken;
  const [{ id }] = await until("an incident is open", async (see) => {
    const found = see(await incidents());
    return found.length === 1 && found;
  });
  pages.push(await watched(t, `/incident/${id}`), await watched(t, `/incident/${id}`, PHONE));
  await note(id, "A disk is full.");
  await note(id, HOSTILE);
  await Promise.all(pages.slice(1, 4).map((page) => shows(page, /status 500/)));
  await shows(pages[0], /incidents are open[\s\S]*2 notes/);
  for (const page of pages.slice(4)) await shows(page, /A disk is full\.[\s\S]*<b>room<\/b>\.\s+<script>/);
  for (const page of status) {
    await shows(page, /What is going on\s[\s\S]*Memo \(EU\)\s+down\s+since[\s\S]*2 notes/);
    // What comes while somebody reads comes folded. Whoever comes later sees it at once.
    assert.doesNotMatch(await readText(page), /A disk is full/);
  }
  const later = await watched(t, "/status", PHONE);
  assert.match(await readText(later), /Memo \(EU\)[\s\S]*2 notes[\s\S]*<script>[\s\S]*A disk is full/);
  status.push(later);
  await customers.locator("#going-on summary").click();
  await shows(customers, /A disk is full/);
  for (const page of status) assert.doesNotMatch(await readText(page), /Unseen|\bada\b|weur|primary|status 500/);

  memo.answer = answers.ok;
  await shows(pages[0], /No incident is open/);
  for (const page of pages.slice(4)) await shows(page, /over after/);
  for (const page of status) {
    await shows(page, /What has been\s+(The )?[\s\S]*Memo \(EU\)[\s\S]*for \d+ (s|min)/);
    assert.match(await readText(page), /No incident is open/);
    assert.doesNotMatch(await readText(page), /Unseen/);
  }
  const found = await Promise.all([...pages, ...status].map(async (page) => [page.url(), await page.jumped(), page.complaints]));
  for (const [url, jumped, complaints] of found) assert.deepEqual([url, jumped < 0.1, complaints], [url, true, []], String(jumped));

  // What would jump is seen to.
  await pages[0]
    .locator("main")
    .evaluate((main) => main.prepend(Object.assign(document.createElement("div"), { innerHTML: "<br>".repeat(20) })));
  await until("a jump is seen", async (see) => see(await pages[0].jumped()) > 0.1);
});

test("nothing jumps when a page gets no answer, nor when it gets one again", { timeout: 90_000 }, async (t) => {
  const silent = async (viewport) => {
    const page = await watched(t, "/pool/shop/primary", viewport);
    const lost = page.locator("#lost");
    await page.route("**/pool/shop/primary", (route) => route.abort());
    await lost.waitFor({ state: "visible", timeout: 30_000 });
    assert.match(await lost.innerText(), /This page gets no answer since/);
    await page.evaluate(() => window.scrollTo(0, document.body.scrollHeight));
    const [foot, bar] = await Promise.all(["footer", "#lost"].map((part) => page.locator(part).boundingBox()));
    assert.ok(foot.y + foot.height <= bar.y, "what stands last is not hidden by it");
    await page.unroute("**/pool/shop/primary");
    await lost.waitFor({ state: "hidden", timeout: 40_000 });
    const jumped = await page.jumped();
    assert.ok(jumped < 0.03, `${jumped} at ${viewport.width}`);
  };
  await Promise.all([DESK, PHONE].map(silent));
});

test("the keyboard reaches everything on them, and it shows", async (t) => {
  const [{ id }] = await incidents();
  for (const path of [...PAGES, `/incident/${id}`, "/incidents?pool=memo", "/status"]) {
    const page = await watched(t, path);
    const { wanted, reached, unseen } = await byKeyboard(page);
    assert.deepEqual([path, reached.length, unseen], [path, wanted, []]);
    assert.ok(wanted > 1 && new Set(reached).size > 1, path);
    assert.deepEqual(page.complaints, []);
  }
  const page = await watched(t, "/status");
  const notes = page.locator(`#notes-${id}`);
  await notes.locator("summary").focus();
  await page.keyboard.press("Enter");
  assert.match(await notes.innerText(), /2 notes[\s\S]*A disk is full/);
});

test("the feed tells what was noted, as text, and nothing of what is hidden", async (t) => {
  const [one] = await incidents();
  const text = await worker.text("/feed.atom");
  assert.ok(text.includes("A disk is full.") && !/<script|<b>|Unseen|veiled|\bada\b/.test(text), text);
  const page = await watched(t, "/status");
  const entry = await page.evaluate((text) => {
    const feed = new DOMParser().parseFromString(text, "application/xml");
    const entries = [...feed.querySelectorAll("entry")].filter((one) => one.querySelector("id").textContent.includes("memo"));
    return entries.map((one) => [...one.children].map(({ localName, textContent }) => [localName, textContent]));
  }, text);
  assert.equal(entry.length, 1);
  const { id, updated, content } = Object.fromEntries(entry[0]);
  assert.deepEqual([id, updated], [`urn:vedette:incident:${one.id}`, one.closed]);
  assert.ok(content.includes("<b>room</b>.\n<script>alert(1)</script>"), content);
  const again = await worker.text("/feed.atom");
  assert.equal(again, text, "nothing moves by itself");
});

test("customers read what was known last while the Arbiter is down, and that it is old", { timeout: 90_000 }, async (t) => {
  const down = (parts) => worker.get("/livez", { headers: { "vedette-trap": `down=${parts}` } });
  await down("arbiter");
  t.after(() => down(""));
  const page = await watched(t, "/status");
  await shows(page, /There is no news since .* ago\. This is what was known then\./);
  assert.match(await readText(page), /What has been\s+[\s\S]*Memo \(EU\)/);
  assert.equal((await worker.get("/feed.atom")).status, 200);
  await down("");
  await until("there is news", async (see) => !see(await readText(page)).includes("no news"), 30_000);
  assert.deepEqual(page.complaints, []);
});
