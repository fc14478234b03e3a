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

/** Opens a page that adds up how far what is read has jumped without the reader's doing. */
async function watched(t, path, viewport = { width: 1024, height: 768 }) {
  const context = await chrome.newContext({ viewport });
  t.after(() => context.close());
  await context.addInitScript(() => {
    window.jumped = [];
    const note = (list) =>
      list
        .getEntries()
        .filter(({ hadRecentInput }) => !hadRecentInput)
        .forEach(({ value }) => window.jumped.push(value));
    new PerformanceObserver(note).observe({ type: "layout-shift", buffered: true });
  });
  const page = await open(context, `${worker.url}${path}`);
  page.jumped = () => page.evaluate(() => window.jumped.reduce((sum, value) => sum + value, 0));
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

const PAGES = ["/incidents", "/monitor/memo", "/pool/shop", "/pool/shop/primary"];
const HOSTILE = "We make <b>room</b>.\n<script>alert(1)</script>";

test("nothing that is read jumps while an incident comes, is noted of and goes", { timeout: 240_000 }, async (t) => {
  const pages = await Promise.all(PAGES.map((path) => watched(t, path)));
  const customers = await watched(t, "/status");
  assert.match(await readText(customers), /Nothing in the last 14 days/);

  memo.answer = answers.broken;
  const [{ id }] = await until("an incident is open", async (see) => {
    const found = see(await incidents());
    return found.length === 1 && found;
  });
  pages.push(await watched(t, `/incident/${id}`), await watched(t, `/incident/${id}`, { width: 390, height: 780 }));
  await note(id, "A disk is full.");
  await note(id, HOSTILE);
  await Promise.all(pages.slice(1, 4).map((page) => shows(page, /status 500/)));
  await shows(pages[0], /incidents are open[\s\S]*2 notes/);
  for (const page of pages.slice(4)) await shows(page, /A disk is full\.[\s\S]*<b>room<\/b>\.\s+<script>/);
  await shows(customers, /What is going on[\s\S]*Memo \(EU\)[\s\S]*<script>[\s\S]*A disk is full/);
  assert.doesNotMatch(await readText(customers), /Unseen|ada|weur|primary|status 500/);

  memo.answer = answers.ok;
  await shows(pages[0], /No incident is open/);
  for (const page of pages.slice(4)) await shows(page, /over after/);
  await shows(customers, /What has been\s+(The )?[\s\S]*Memo \(EU\)[\s\S]*for \d+ (s|min)/);
  assert.doesNotMatch(await readText(customers), /What is going on|Unseen/);
  const found = await Promise.all(pages.map(async (page) => [page.url(), await page.jumped(), page.complaints]));
  for (const [url, jumped, complaints] of found) assert.deepEqual([url, jumped < 0.1, complaints], [url, true, []], String(jumped));

  // What is new stands first on the page for customers, and moves what is below it.
  assert.deepEqual(customers.complaints, []);

  // What would jump is seen to.
  await pages[0]
    .locator("main")
    .evaluate((main) => main.prepend(Object.assign(document.createElement("div"), { innerHTML: "<br>".repeat(20) })));
  await until("a jump is seen", async (see) => see(await pages[0].jumped()) > 0.1);
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
  assert.ok(text.includes("A disk is full.") && !/<script|<b>|Unseen|veiled|ada/.test(text), text);
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
