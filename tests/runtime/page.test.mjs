// The page in Chromium: from the built worker with real origins, and in each of its designed states
// as `examples/page_states.rs` writes them out.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { LOOKS, axeFinds, browser, byKeyboard, open, overflows, serveStates } from "./browser.mjs";
import { answers, config, finished, origin, root, sampleDatabase, sampleOrigin, startWorker, until } from "./lib.mjs";
import { example } from "../../scripts/lib/worker.mjs";

const SIZES = [320, 768, 1440];
const SCHEMES = ["light", "dark"];

/**
 * Whether everything is looked at in every way, as `npm run test:long` does. Else each scheme is
 * looked at in other widths, and an eighth of the states in one way each.
 */
const WHOLE = Boolean(process.env.VEDETTE_WHOLE);

let data, primary, standby, docs, worker, chrome, folder, states;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), "vedette-page-"));
  const [written] = await Promise.all([
    finished(...example("page_states", [folder]), { cwd: root }, 300_000),
    (async () => {
      data = await sampleDatabase();
      primary = await sampleOrigin("primary", data.database);
      standby = await sampleOrigin("standby", data.database);
      docs = await origin(answers.ok);
    })(),
  ]);
  assert.equal(written.code, 0, written.said);
  states = await serveStates(folder);
  worker = await startWorker(config({ shop: { primary: primary.port, standby: standby.port }, docs: { only: docs.port } }), {
    laptop: true,
  });
  chrome = await browser();
  await until("everything passes", async (see) => see(await worker.text("/health?format=text")) === "pass\n");
});

after(async () => {
  await chrome?.close();
  await worker?.stop();
  await states?.stop();
  for (const one of [primary, standby, docs]) await one?.stop();
  data?.remove();
  rmSync(folder, { recursive: true, force: true });
});

/** Opens a page in a window of its own, which is closed after the test. */
async function see(t, url, options = {}) {
  const context = await chrome.newContext({ viewport: { width: 1024, height: 768 }, ...options });
  t.after(() => context.close());
  return open(context, url);
}

const sentence = (page) => page.locator("h1").textContent();
const said = (page) => page.locator("#said").textContent();

/** Waits until the sentence is so. */
const reads = (page, wanted) => until(`the sentence ${wanted}`, async (see) => wanted.test(see(await sentence(page))), 30_000);

/** Breaks or repairs the sample origin. */
const misbehave = (port, body) =>
  fetch(`http://127.0.0.1:${port}/misbehave`, {
    method: body ? "POST" : "DELETE",
    headers: { "content-type": "application/json" },
    body: body && JSON.stringify(body),
  });

async function assertSound(page) {
  assert.deepEqual(await axeFinds(page), []);
  assert.equal(await overflows(page), false, "the page is wider than the window");
  assert.deepEqual(page.complaints, []);
}

test("nothing is amiss in either scheme at any width", async (t) => {
  const page = await see(t, worker.url);
  await page.locator("details").evaluateAll((all) => all.forEach((one) => (one.open = true)));
  await assertSound(page);
  for (const [nth, colorScheme] of SCHEMES.entries())
    for (const width of SIZES) {
      if (!WHOLE && SIZES.indexOf(width) % 2 !== nth) continue;
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize({ width, height: 800 });
      const found = [await axeFinds(page, LOOKS), await overflows(page), page.complaints];
      assert.deepEqual([colorScheme, width, ...found], [colorScheme, width, [], false, []]);
    }
});

// Each is loaded once: what another scheme and width may change is looked at in the same document.
test("every designed state is sound, in light at 320 px and in dark at 1440 px", async (t) => {
  const context = await chrome.newContext();
  t.after(() => context.close());
  for (const [nth, name] of states.names.entries()) {
    if (!WHOLE && nth % 8 !== 0) continue;
    const page = await open(context, states.url(name));
    const found = async (colorScheme, width, rules) => {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize({ width, height: 800 });
      return [name, width, await axeFinds(page, rules), await overflows(page), page.complaints];
    };
    const inLight = WHOLE || nth % 16 === 0;
    if (inLight) assert.deepEqual(await found("light", 320), [name, 320, [], false, []]);
    await page.setViewportSize({ width: 768, height: 800 });
    assert.deepEqual([name, await overflows(page)], [name, false]);
    if (WHOLE || !inLight) assert.deepEqual(await found("dark", 1440, WHOLE ? LOOKS : undefined), [name, 1440, [], false, []]);
    await page.close();
  }
});

test("without JavaScript everything is there", async (t) => {
  const page = await see(t, worker.url, { javaScriptEnabled: false });
  assert.equal(await sentence(page), "Everything passes");
  const text = await page.locator("main").innerText();
  for (const part of ["shop", "primary", "standby", "3 of 3 vantages pass", "unclassified", "1 db call", "Recent events"])
    assert.ok(text.includes(part), part);
  assert.equal(await page.locator("#live").isVisible(), false, "nothing that would not work");
  assert.equal(await page.locator('meta[http-equiv="refresh"]').getAttribute("content"), "15");
});

test("every link and everything that unfolds is reached by keyboard, and it shows", async (t) => {
  const page = await see(t, worker.url);
  const { wanted, reached, unseen } = await byKeyboard(page);
  assert.deepEqual([reached.length, unseen], [wanted, []]);
  assert.ok(wanted > 10, String(wanted));
  const words = page.locator("#words");
  await words.locator("summary").focus();
  await page.keyboard.press("Enter");
  assert.equal(await words.getAttribute("open"), "");
});

test("links lead to what programs read", async (t) => {
  const page = await see(t, worker.url);
  const links = await page.locator("a[href]").evaluateAll((all) => all.map((one) => one.getAttribute("href")));
  for (const link of links.filter((link) => !/^(#|http)/.test(link))) {
    const { status, headers } = await worker.get(`/${link}`);
    assert.deepEqual([link, status], [link, 200]);
    assert.match(headers.get("content-type"), /^(pool\/|monitor\/|incidents$|incident\/)/.test(link) ? /^text\/html/ : /json|text\/plain/);
  }
  assert.ok(links.includes("pool/shop") && links.includes("pool/shop/standby") && links.includes("incidents"));
  assert.ok(links.includes("health/shop/standby") && links.includes("route/docs"));
});

test("the policy holds what is put into the page by force", async (t) => {
  const page = await see(t, worker.url);
  const ran = await page.evaluate(async () => {
    const script = document.createElement("script");
    script.textContent = "window.ran = true";
    document.body.append(script);
    const elsewhere = await fetch("http://localhost:1/").then(
      () => true,
      () => false,
    );
    return Boolean(window.ran) || elsewhere;
  });
  assert.equal(ran, false);
  assert.ok(
    page.complaints.some((one) => one.includes("Content Security Policy")),
    String(page.complaints),
  );
});

test("a broken origin shows by itself, and nothing that the reader did is lost", async (t) => {
  const page = await see(t, worker.url);
  await page.evaluate(() => (window.sameDocument = true));
  await page.locator("#words summary").click();
  await page.locator("#pool-docs summary").click();
  const link = page.locator('a[href="health/shop/standby"]');
  await link.focus();
  await misbehave(primary.port, { mode: "status", status: 500 });
  t.after(() => misbehave(primary.port));
  await reads(page, /^shop is failing over: primary fails, standby serves$/);
  await until("it is said", async (see) => see(await said(page)).includes("failing over"));
  assert.match(await page.title(), /^shop is failing over/);
  assert.ok(await page.locator('[id="shop/primary"]').getByText("status 500 is not expected").first().isVisible());
  assert.equal(await page.evaluate(() => window.sameDocument), true, "not loaded again");
  assert.equal(await page.locator("#words").getAttribute("open"), "");
  assert.equal(await page.locator("#pool-docs").getAttribute("open"), null, "what was folded stays folded");
  assert.equal(await link.evaluate((one) => one === document.activeElement), true);
  const { top, height } = await link.evaluate((one) => ({ top: one.getBoundingClientRect().top, height: innerHeight }));
  assert.ok(top >= 0 && top < height, `what is being read stays in view: ${top} of ${height}`);
  await assertSound(page);
  await misbehave(primary.port);
  await reads(page, /^Everything passes$/);
});

/** A page whose time the test moves. */
async function atWill(t, name) {
  states.shown = name;
  const context = await chrome.newContext({ viewport: { width: 1024, height: 768 } });
  t.after(() => context.close());
  await context.clock.install({ time: new Date("2026-11-23T12:00:00Z") });
  const page = await open(context, states.url());
  const asked = states.asked;
  return { page, news: () => states.asked - asked, pass: (seconds) => page.clock.runFor(seconds * 1000) };
}

test("what gets into trouble moves up and unfolds, and the focus goes with what moves", async (t) => {
  const { page, pass } = await atWill(t, "many-pools");
  const moved = page.locator("#pool-service-030");
  assert.equal(await moved.getAttribute("open"), null);
  await moved.locator("summary").focus();
  const still = page.locator("#pool-service-001");
  await still.locator("summary").evaluate((one) => one.parentElement.setAttribute("open", ""));
  states.shown = "more-of-many-fail";
  await pass(3);
  await reads(page, /and 2 more are down; 5 others do not pass/);
  assert.equal(await moved.getAttribute("open"), "");
  assert.equal(await moved.locator("summary").evaluate((one) => one === document.activeElement), true);
  assert.equal(await still.getAttribute("open"), "", "what the reader unfolded stays so");
  const order = await page.locator(".pool").evaluateAll((all) => all.map(({ id }) => id));
  assert.deepEqual([order.length, new Set(order).size, order.indexOf("pool-service-030")], [40, 40, 2]);
  const fresh = await (await fetch(states.url())).text();
  assert.deepEqual(
    order,
    [...fresh.matchAll(/<details id="(pool-[^"]*)"/g)].map(([, id]) => id),
  );
});

test("ages count on between two looks", async (t) => {
  const { page, pass } = await atWill(t, "passing");
  const age = async () => parseInt(await page.locator(".state time.ago").textContent(), 10);
  const before = await age();
  await pass(2);
  assert.equal(await age(), before + 2);
});

test("only a change of the whole is said", async (t) => {
  const { page, pass, news } = await atWill(t, "passing");
  await pass(3);
  await until("a second look", async () => news() === 1);
  assert.equal(await said(page), "");
  states.shown = "nowhere-to-go";
  await until("the change", async () => (await pass(3), (await said(page)) === "shop is down: both origins fail"));
});

test("a hidden tab does not ask, and one that is seen again asks at once", async (t) => {
  const { page, pass, news } = await atWill(t, "passing");
  const turn = (hidden) =>
    page.evaluate((hidden) => {
      Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
      document.dispatchEvent(new Event("visibilitychange"));
    }, hidden);
  await turn(true);
  await pass(60);
  assert.equal(news(), 0);
  await turn(false);
  await until("it asks", async (see) => see(news()) === 1);
});

test("updates can be paused, and the page says so", async (t) => {
  const { page, pass, news } = await atWill(t, "passing");
  const ages = () => page.locator("time.ago").allTextContents();
  await page.getByRole("button", { name: "Pause updates" }).click();
  const before = await ages();
  await pass(60);
  assert.equal(news(), 0);
  assert.deepEqual(await ages(), before);
  assert.match(await page.locator("#lost").textContent(), /^Paused at \d\d:\d\d:\d\d UTC\. This is what it said then\.$/);
  await page.getByRole("button", { name: "Resume updates" }).click();
  await until("it asks", async (see) => see(news()) === 1);
  await until("the notice goes", async () => !(await page.locator("#lost").isVisible()));
});

test("nothing moves: who wants less motion gets what all get", async (t) => {
  const page = await see(t, worker.url);
  const moving = await page
    .locator("*")
    .evaluateAll(
      (all) =>
        all.filter((one) => getComputedStyle(one).transitionDuration !== "0s" || getComputedStyle(one).animationName !== "none").length,
    );
  assert.equal(moving, 0);
});

test("when the worker is gone the page says so, and recovers by itself", async (t) => {
  const page = await see(t, worker.url);
  await page.evaluate(() => (window.sameDocument = true));
  await worker.kill9();
  const lost = page.locator("#lost");
  await until("it says so", async (see) => /^This page gets no answer since \d\d:\d\d:\d\d UTC\./.test(see(await lost.textContent())));
  assert.equal(await said(page), "This page gets no answer");
  assert.equal(await page.title(), "This page gets no answer");
  await page.evaluate(() => scrollTo(0, document.body.scrollHeight));
  assert.equal(await lost.evaluate((one) => one.getBoundingClientRect().top >= 0), true, "it stays in view");
  assert.deepEqual(await axeFinds(page), []);
  await worker.start();
  await until("it is back", async () => !(await lost.isVisible()), 30_000);
  await reads(page, /^Everything passes$/);
  assert.equal(await page.evaluate(() => window.sameDocument), true);
});
